import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import { fillWithNoise, type NoiseDistribution } from '../../src/uncertainty/noise.ts';

const units = 2 ** 20;

function draw(distribution: NoiseDistribution, count: number, key = 0): Float32Array {
  const target = new Float32Array(count);
  fillWithNoise(target, distribution, new Random(7, ['noise test', key]));
  return target;
}

function mask(rate: number, count = units, key = 0): Float32Array {
  return draw({ kind: 'bernoulli', rate, kept: 1 / (1 - rate) }, count, key);
}

describe('dropout masks', () => {
  test.each([0.5, 0.25, 0.3, 0.1, 0.9, 1 / 3, 1e-3, 0.999])(
    'drop a share of %d, within four standard errors',
    rate => {
      const values = mask(rate);
      const dropped = values.filter(value => value === 0).length;
      const standardError = Math.sqrt(rate * (1 - rate) * units);
      expect(Math.abs(dropped - rate * units)).toBeLessThan(4 * standardError);
      expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    },
  );

  test.each([0.5, 0.3])('have independent units at a rate of %d', rate => {
    const dropped = mask(rate).map(value => (value === 0 ? 1 : 0));
    for (const lag of [1, 2, 7, 16, 31, 32, 33, 64]) {
      let both = 0;
      for (let i = lag; i < units; i++) both += (dropped[i] ?? 0) * (dropped[i - lag] ?? 0);
      const pairs = units - lag;
      const standardError = Math.sqrt(rate ** 2 * (1 - rate ** 2) * pairs);
      // The pairs overlap, which widens the spread a little.
      expect(Math.abs(both - rate ** 2 * pairs)).toBeLessThan(6 * standardError);
    }
  });

  test('drop nothing at a rate of 0 and everything next to 1', () => {
    expect(mask(0).every(value => value === 1)).toBe(true);
    const almostAll = draw({ kind: 'bernoulli', rate: 1 - 2 ** -40, kept: 1 }, 10_000);
    expect(almostAll.every(value => value === 0)).toBe(true);
  });

  test('of any length start with the same units', () => {
    const long = mask(0.3, 200);
    for (const length of [1, 5, 31, 32, 33, 100]) {
      expect(mask(0.3, length)).toEqual(long.slice(0, length));
    }
  });

  test('are the same wherever in memory they are written', () => {
    const expected = mask(0.3, 1000);
    for (const offset of [0, 1, 2, 3]) {
      const target = new Float32Array(1010).subarray(offset, offset + 1000);
      const random = new Random(7, ['noise test', 0]);
      fillWithNoise(target, { kind: 'bernoulli', rate: 0.3, kept: 1 / 0.7 }, random);
      expect(target).toEqual(expected);
    }
  });

  test('differ by key', () => {
    expect(mask(0.5, 1000, 1)).not.toEqual(mask(0.5, 1000, 2));
    expect(mask(0.5, 1000, 1)).toEqual(mask(0.5, 1000, 1));
  });
});

test('normal noise has the mean and the deviation that were asked for', () => {
  const values = draw({ kind: 'normal', mean: 1, standardDeviation: 0.5 }, 200_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean - 1)).toBeLessThan(4 * (0.5 / Math.sqrt(values.length)));
  expect(Math.abs(variance - 0.25)).toBeLessThan(4 * 0.25 * Math.sqrt(2 / values.length));
});
