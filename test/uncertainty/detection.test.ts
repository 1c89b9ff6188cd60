import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import {
  auroc,
  aurocInterval,
  averagePrecision,
  detectionReport,
  type DetectionScores,
  fprAtTpr,
  hanleyMcNeilStandardError,
  tprAtFpr,
  trapezoidAupr,
} from '../../src/uncertainty/detection.ts';
import { UncertaintyError } from '../../src/uncertainty/uncertainty-error.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };

const goldenScores: DetectionScores = {
  inDistribution: golden.ood_metrics.id_scores,
  outOfDistribution: golden.ood_metrics.ood_scores,
};

/** Scores with many ties, so that the ties are tested too. */
const tied = fc.array<number>(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 25 });
const anyScores = fc.record({ inDistribution: tied, outOfDistribution: tied });

/** Of a rate, standing for scores: P(a > b) is known for two of them. */
function exponentials(count: number, rate: number, random: Random): number[] {
  return Array.from({ length: count }, () => -Math.log(1 - random.uniform()) / rate);
}

describe('the interval of an area', () => {
  test('a few samples told apart without a mistake do not prove an area of 1', () => {
    const { estimate, lower, upper } = aurocInterval({
      inDistribution: Array.from({ length: 25 }, (_, i) => i),
      outOfDistribution: Array.from({ length: 23 }, (_, i) => 100 + i),
    });
    expect(estimate).toBe(1);
    expect(upper).toBe(1);
    expect(lower).toBeGreaterThan(0.85);
    expect(lower).toBeLessThan(0.97);
  });

  test.each([
    { area: 0.6, inside: 30, outside: 30 },
    { area: 0.9, inside: 25, outside: 10 },
    { area: 0.98, inside: 20, outside: 20 },
  ])('holds $area in about 95% of all sets', ({ area, inside, outside }) => {
    const random = new Random(0, ['auroc-coverage', area]);
    const runs = 2000;
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const { lower, upper } = aurocInterval({
        inDistribution: exponentials(inside, 1, random),
        outOfDistribution: exponentials(outside, (1 - area) / area, random),
      });
      if (lower <= area && area <= upper) held++;
    }
    expect(held / runs).toBeGreaterThan(0.93);
  });
});

describe('golden values', () => {
  const expected = golden.ood_metrics;

  test('AUROC with ties, and its standard error', () => {
    expect(auroc(goldenScores)).toBeCloseTo(expected.auroc, 14);
    const standardError = hanleyMcNeilStandardError(expected.auroc, 8, 10);
    expect(standardError).toBeCloseTo(expected.hanley_mcneil_se, 14);
  });

  test('both ends of the interval are 1.96 of their own standard errors from the estimate', () => {
    const { estimate, lower, upper } = aurocInterval(goldenScores);
    expect(estimate).toBeCloseTo(expected.auroc, 14);
    for (const end of [lower, upper]) {
      const standardError = (9 / Math.sqrt(80)) * hanleyMcNeilStandardError(end, 9, 9);
      expect(Math.abs(estimate - end)).toBeCloseTo(1.959964 * standardError, 6);
    }
  });

  test('false positives at 95% true positives, with either class positive', () => {
    expect(fprAtTpr(goldenScores, 0.95, 'out-of-distribution')).toBe(
      expected.fpr_at_95tpr_ood_positive,
    );
    expect(fprAtTpr(goldenScores, 0.95, 'in-distribution')).toBe(expected.fpr_at_95tpr_id_positive);
  });

  test('both areas under precision and recall', () => {
    expect(averagePrecision(goldenScores)).toBeCloseTo(expected.average_precision_out, 14);
    expect(trapezoidAupr(goldenScores)).toBeCloseTo(expected.aupr_out_trapezoid, 14);
    expect(trapezoidAupr(goldenScores, 'in-distribution')).toBeCloseTo(
      expected.aupr_in_trapezoid,
      14,
    );
  });

  test('the report holds the same numbers, the base rate and the sizes', () => {
    const report = detectionReport(goldenScores);
    expect(report).toMatchObject({
      inDistributionCount: 10,
      outOfDistributionCount: 8,
      fprAt95TprOutPositive: expected.fpr_at_95tpr_ood_positive,
      fprAt95TprInPositive: expected.fpr_at_95tpr_id_positive,
    });
    expect(report.baseRate).toBeCloseTo(8 / 18, 14);
    // Above .6 lies one clean score of ten (.9); above .9 none. So 0% leaves only .95.
    expect(report.tprAt1Fpr).toBe(1 / 8);
    expect(tprAtFpr(goldenScores, 0.1)).toBe(5 / 8);
  });
});

describe('properties', () => {
  test('AUROC is the share of pairs in the right order, a tie counting half', () => {
    fc.assert(
      fc.property(anyScores, scores => {
        const pairs = scores.outOfDistribution.flatMap<number>(out =>
          scores.inDistribution.map(inside => (out > inside ? 1 : out === inside ? 0.5 : 0)),
        );
        const share = pairs.reduce((sum, value) => sum + value, 0) / pairs.length;
        expect(auroc(scores)).toBeCloseTo(share, 12);
      }),
    );
  });

  test('exchanging the classes mirrors the area', () => {
    fc.assert(
      fc.property(anyScores, ({ inDistribution, outOfDistribution }) => {
        const exchanged = {
          inDistribution: outOfDistribution,
          outOfDistribution: inDistribution,
        };
        expect(auroc({ inDistribution, outOfDistribution }) + auroc(exchanged)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('only the order of the scores counts', () => {
    fc.assert(
      fc.property(anyScores, scores => {
        const stretched = {
          inDistribution: scores.inDistribution.map(score => Math.exp(score) + 3),
          outOfDistribution: scores.outOfDistribution.map(score => Math.exp(score) + 3),
        };
        expect(detectionReport(stretched)).toEqual(detectionReport(scores));
      }),
    );
  });

  test('the rates are those of some threshold, found by trying all', () => {
    fc.assert(
      fc.property(anyScores, fc.double({ min: 0, max: 1, noNaN: true }), (scores, level) => {
        const { inDistribution, outOfDistribution } = scores;
        const thresholds = [...inDistribution, ...outOfDistribution, Infinity];
        const share = (values: readonly number[], threshold: number): number =>
          values.filter(value => value >= threshold).length / values.length;
        const allowed = thresholds.filter(t => share(inDistribution, t) <= level);
        expect(tprAtFpr(scores, level)).toBe(
          Math.max(...allowed.map(t => share(outOfDistribution, t))),
        );
        const sensitive = thresholds.filter(t => share(outOfDistribution, t) >= level);
        if (level > 0) {
          expect(fprAtTpr(scores, level, 'out-of-distribution')).toBe(
            Math.min(...sensitive.map(t => share(inDistribution, t))),
          );
        }
      }),
    );
  });

  test('a score that knows nothing has an average precision of the base rate', () => {
    const random = new Random(1, ['average precision']);
    const draw = (count: number): number[] => Array.from({ length: count }, () => random.uniform());
    const scores = { inDistribution: draw(30_000), outOfDistribution: draw(10_000) };
    expect(averagePrecision(scores)).toBeCloseTo(0.25, 2);
    expect(trapezoidAupr(scores)).toBeCloseTo(0.25, 2);
    expect(auroc(scores)).toBeCloseTo(0.5, 2);
  });

  test('normal scores a standard deviation apart reach the area of the closed form', () => {
    const random = new Random(2, ['binormal']);
    const draw = (count: number, mean: number): number[] =>
      Array.from({ length: count }, () => mean + random.normal());
    const interval = aurocInterval({
      inDistribution: draw(4000, 0),
      outOfDistribution: draw(4000, 1),
    });
    // Φ(1/√2)
    expect(interval.estimate).toBeCloseTo(0.76025, 2);
    expect(interval.lower).toBeLessThan(0.76025);
    expect(interval.upper).toBeGreaterThan(0.76025);
  });
});

describe('what cannot be ranked is refused', () => {
  test('a class without inputs', () => {
    expect(() => auroc({ inDistribution: [], outOfDistribution: [1] })).toThrow(UncertaintyError);
  });

  test('a score that is not a number', () => {
    expect(() => auroc({ inDistribution: [NaN], outOfDistribution: [1] })).toThrow(
      UncertaintyError,
    );
  });

  test('infinite scores are ranked', () => {
    expect(auroc({ inDistribution: [-Infinity, 0], outOfDistribution: [Infinity, Infinity] })).toBe(
      1,
    );
  });
});
