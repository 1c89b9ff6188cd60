import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { realisedRate, thresholdAtRate } from '../../src/uncertainty/threshold.ts';

const hundred = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);

describe('a threshold by false-positive rate', () => {
  test('flags exactly the rate that was asked for where scores differ', () => {
    expect(thresholdAtRate(hundred, 0.05)).toEqual({
      value: 94,
      targetRate: 0.05,
      calibrationRate: 0.05,
      calibrationCount: 100,
    });
    expect(thresholdAtRate(hundred, 0.01).value).toBe(98);
    expect(thresholdAtRate(hundred, 0).value).toBe(99);
  });

  test('flags fewer where scores are tied', () => {
    const threshold = thresholdAtRate([1, 2, 2, 2, 2], 0.2);
    expect(threshold.value).toBe(2);
    expect(threshold.calibrationRate).toBe(0);
  });

  test('never flags more than was asked for, and one more would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 99 }),
        (scores, percent) => {
          const { value, calibrationRate } = thresholdAtRate(scores, percent / 100);
          expect(calibrationRate).toBeLessThanOrEqual(percent / 100 + 1e-12);
          const lower = scores.filter(score => score < value);
          if (lower.length > 0) {
            expect(realisedRate(Math.max(...lower), scores).rate).toBeGreaterThan(percent / 100);
          }
        },
      ),
    );
  });

  test('reports how often it flags other inputs', () => {
    expect(realisedRate(94, [93, 94, 95, 200])).toEqual({ flagged: 2, count: 4, rate: 0.5 });
  });

  test('refuses to be set on nothing, or on what is not a number', () => {
    expect(() => thresholdAtRate([], 0.05)).toThrow(/needs scores/);
    expect(() => thresholdAtRate([1, NaN], 0.05)).toThrow(/not a number/);
  });
});
