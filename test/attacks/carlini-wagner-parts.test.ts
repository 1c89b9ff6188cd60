import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Adam } from '../../src/attacks/adam.ts';
import { ConstantSearch } from '../../src/attacks/constant-search.ts';
import { StallDetector } from '../../src/attacks/stall-detector.ts';
import { TanhBox } from '../../src/attacks/tanh-box.ts';

describe('the tanh box', () => {
  const bounds = { lower: -2, upper: 6 };
  const box = new TanhBox(bounds);

  function decode(w: number): { input: number; slope: number } {
    const input = new Float32Array(1);
    const slope = new Float32Array(1);
    box.decode(Float32Array.of(w), new Float32Array(1), input, slope);
    return { input: input[0] ?? NaN, slope: slope[0] ?? NaN };
  }

  test('comes back to the anchor of an input, also on a bound', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 6, noNaN: true }), input => {
        expect(Math.abs(decode(box.encode(input)).input - box.anchor(input))).toBeLessThan(1e-6);
        expect(Math.abs(box.anchor(input) - input)).toBeLessThanOrEqual(4.1e-6);
      }),
    );
    expect(box.encode(6)).toBeCloseTo(Math.atanh(0.999999), 8);
  });

  test('stays inside the bounds for every w, and has the slope of tanh', () => {
    fc.assert(
      fc.property(fc.float({ min: -100, max: 100, noNaN: true }), w => {
        const { input, slope } = decode(w);
        expect(input).toBeGreaterThanOrEqual(-2);
        expect(input).toBeLessThanOrEqual(6);
        const expected = 4 / Math.cosh(w) ** 2;
        // Near s = 1, 1 − s is a multiple of 2⁻⁵³; the slope is 16 times that.
        expect(Math.abs(slope - expected)).toBeLessThanOrEqual(1e-6 * expected + 16 * 2 ** -53);
      }),
    );
  });
});

describe('the search for the constant', () => {
  function constantsAfter(outcomes: readonly boolean[]): number[] {
    const search = new ConstantSearch(Float64Array.of(0.1));
    return outcomes.map(succeeded => {
      search.update(0, succeeded);
      return search.constants[0] ?? NaN;
    });
  }

  test('grows tenfold until the first success, then halves the interval', () => {
    const constants = constantsAfter([false, false, true, false, true]);
    expect(constants).toEqual([1, 10, 5.5, 7.75, 6.625]);
  });

  test('goes down after an early success', () => {
    const expected = [0.05, 0.025, 0.0375];
    constantsAfter([true, true, false]).forEach((constant, i) => {
      expect(constant).toBeCloseTo(expected[i] ?? NaN, 12);
    });
  });

  test('keeps samples apart', () => {
    const search = new ConstantSearch(Float64Array.of(1, 1));
    search.update(0, true);
    search.update(1, false);
    expect([...search.constants]).toEqual([0.5, 10]);
  });

  test('can go back to the smallest constant that succeeded', () => {
    const search = new ConstantSearch(Float64Array.of(1));
    search.update(0, true);
    search.update(0, false);
    search.useUpperBounds();
    expect([...search.constants]).toEqual([1]);
  });
});

describe('Adam', () => {
  test('takes its first step of exactly one learning rate, whatever the gradient', () => {
    const adam = new Adam(1, [2]);
    const variable = new Float32Array(2);
    adam.descend(0, 1, 0.25, Float64Array.of(1000, -1e-4), variable);
    expect(variable[0]).toBeCloseTo(-0.25, 6);
    expect(variable[1]).toBeCloseTo(0.25, 4);
  });

  test('follows the recursion of the paper', () => {
    const adam = new Adam(2, [1]);
    const variable = Float32Array.of(0);
    let [mean, square, expected] = [0, 0, 0];
    [3, -1, 0.5, 0.5, -2].forEach((gradient, i) => {
      mean = 0.9 * mean + 0.1 * gradient;
      square = 0.999 * square + 0.001 * gradient ** 2;
      const correctedMean = mean / (1 - 0.9 ** (i + 1));
      const correctedSquare = square / (1 - 0.999 ** (i + 1));
      expected -= (0.1 * correctedMean) / (Math.sqrt(correctedSquare) + 1e-8);
      adam.descend(1, i + 1, 0.1, Float64Array.of(gradient), variable);
      expect(variable[0]).toBeCloseTo(expected, 6);
    });
  });

  test('starts anew after a reset', () => {
    const adam = new Adam(1, [1]);
    const variable = Float32Array.of(0);
    adam.descend(0, 1, 0.1, Float64Array.of(-5), variable);
    adam.reset();
    adam.descend(0, 1, 0.1, Float64Array.of(5), variable);
    expect(variable[0]).toBeCloseTo(0, 6);
  });
});

describe('the stall detector', () => {
  test('looks at intervals, compares their lowest losses, and waits for patience to end', () => {
    const stall = new StallDetector(2, Float64Array.of(0));
    expect(stall.hasStalled(0, 1, 10)).toBe(false);
    expect(stall.hasStalled(0, 2, 12)).toBe(false);
    expect(stall.hasStalled(0, 3, 9)).toBe(false);
    // Higher than two steps ago, but the interval holds a lower one.
    expect(stall.hasStalled(0, 4, 13)).toBe(false);
    expect(stall.hasStalled(0, 5, 9)).toBe(false);
    expect(stall.hasStalled(0, 6, 9)).toBe(true);
    const patient = new StallDetector(1, Float64Array.of(3));
    expect([1, 2, 3].map(step => patient.hasStalled(0, step, 7))).toEqual([false, false, true]);
  });
});
