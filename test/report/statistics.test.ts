import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  exactMcNemar,
  mean,
  median,
  medianInterval,
  proportion,
} from '../../src/report/statistics.ts';

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/golden.json', import.meta.url), 'utf8'),
) as {
  wilson95: Record<string, [number, number]>;
  'wilson_halfwidth_p0.5': Record<string, number>;
};

describe('Wilson interval', () => {
  test.each(Object.entries(golden.wilson95))('%s', (fraction, [lower, upper]) => {
    const [count = NaN, total = NaN] = fraction.split('/').map(Number);
    const found = proportion(count, total);
    expect(found.lower).toBeCloseTo(lower, 12);
    expect(found.upper).toBeCloseTo(upper, 12);
  });

  test.each(Object.entries(golden['wilson_halfwidth_p0.5']))(
    'half width for n = %s',
    (n, width) => {
      const found = proportion(Number(n) / 2, Number(n));
      expect((found.upper - found.lower) / 2).toBeCloseTo(width, 3);
    },
  );

  test('contains the value and stays in [0, 1]', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (a, b) => {
        const [count, total] = [Math.min(a, b), Math.max(a, b, 1)];
        const { lower, upper, value } = proportion(count, total);
        expect(0 <= lower && lower <= (value ?? NaN) && (value ?? NaN) <= upper && upper <= 1).toBe(
          true,
        );
      }),
    );
  });

  test('nothing measured is unknown, not zero', () => {
    expect(proportion(0, 0)).toEqual({ count: 0, total: 0, value: null, lower: 0, upper: 1 });
  });
});

describe('median', () => {
  test('failures count as infinitely far', () => {
    expect(median([1, 2, Infinity, Infinity, Infinity])).toBe(Infinity);
    expect(median([1, 2, Infinity])).toBe(2);
    expect(median([1, Infinity])).toBe(Infinity);
    expect(median([Infinity, Infinity])).toBe(Infinity);
    expect(median([3, 1, 2, 4])).toBe(2.5);
    expect(median([])).toBeUndefined();
  });

  test('interval: published order statistics for n = 10, 20, 100', () => {
    const values = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
    expect(medianInterval(values(10))).toEqual([2, 9]);
    expect(medianInterval(values(20))).toEqual([6, 15]);
    expect(medianInterval(values(100))).toEqual([40, 61]);
    expect(medianInterval(values(5))).toBeUndefined();
    expect(medianInterval(values(6))).toEqual([1, 6]);
  });

  test('interval holds for thousands of values', () => {
    const [lower, upper] = medianInterval(Array.from({ length: 5000 }, (_, i) => i)) ?? [NaN, NaN];
    expect(lower).toBeGreaterThan(2400);
    expect(upper).toBeLessThan(2600);
  });
});

test('mean', () => {
  expect(mean([])).toBeUndefined();
  expect(mean([1, 2, 6])).toBe(3);
});

describe('McNemar’s exact test', () => {
  test.each([
    [0, 5, 0.0625],
    [0, 6, 0.03125],
    [5, 15, 0.0414],
    [3, 12, 0.0352],
    [30, 60, 0.00206],
    [0, 0, 1],
    [4, 4, 1],
  ])('%i against %i', (b, c, expected) => {
    expect(exactMcNemar(b, c)).toBeCloseTo(expected, 4);
    expect(exactMcNemar(c, b)).toBe(exactMcNemar(b, c));
  });
});
