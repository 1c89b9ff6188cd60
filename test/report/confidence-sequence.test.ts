import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import { confidenceSequence } from '../../src/report/confidence-sequence.ts';

describe('an interval that may be looked at all the time', () => {
  test('closed forms: nothing known, all successes, all failures', () => {
    expect(confidenceSequence(0, 0)).toEqual([0, 1]);
    for (const n of [1, 10, 100, 1000]) {
      // B(n + 1, 1) = 1 / (n + 1), so the bound is (alpha / (n + 1))^(1/n).
      const bound = (0.05 / (n + 1)) ** (1 / n);
      const [lower, upper] = confidenceSequence(n, n);
      expect(lower).toBeCloseTo(bound, 10);
      expect(upper).toBe(1);
      expect(confidenceSequence(0, n)[1]).toBeCloseTo(1 - bound, 10);
    }
  });

  test('holds the share, shrinks with trials, is wider than an interval for one look', () => {
    const [lower, upper] = confidenceSequence(50, 100);
    expect(lower).toBeLessThan(0.404);
    expect(upper).toBeGreaterThan(0.596);
    const [closer] = confidenceSequence(5000, 10_000);
    expect(closer).toBeGreaterThan(0.47);
    expect(closer).toBeLessThan(0.49);
  });

  test.each([0.05, 0.5, 0.9])('misses a chance of %f in at most 5%% of all runs', chance => {
    const runs = 400;
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      const random = new Random(1, ['confidence sequence', chance, run]);
      let successes = 0;
      for (let trials = 1; trials <= 300; trials++) {
        if (random.uniform() < chance) successes++;
        const [lower, upper] = confidenceSequence(successes, trials);
        if (chance < lower || chance > upper) {
          missed++;
          break;
        }
      }
    }
    // 5% of 400, and three standard deviations.
    expect(missed).toBeLessThanOrEqual(20 + 13);
  });
});
