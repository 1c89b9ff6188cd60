import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UncertaintyScores } from '../../src/uncertainty/posterior.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import {
  entropy,
  logProbabilities,
  softmax,
  softmaxWithEntropy,
} from '../../src/uncertainty/softmax.ts';
import { UncertaintyError } from '../../src/uncertainty/uncertainty-error.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };

/** Scores of one sample from the logits of its passes. */
function scoresOf(passes: readonly (readonly number[])[]): UncertaintyScores {
  const accumulator = new PredictionAccumulator(1, passes[0]?.length ?? 0);
  for (const logits of passes) accumulator.addPass(Float64Array.from(logits));
  return accumulator.finish();
}

const logit = fc.double({ min: -60, max: 60, noNaN: true });

/** Between 1 and 12 passes over 2 to 6 classes. */
const manyPasses = fc.integer({ min: 2, max: 6 }).chain(classes =>
  fc.array(fc.array(logit, { minLength: classes, maxLength: classes }), {
    minLength: 1,
    maxLength: 12,
  }),
);

describe('scores of known predictions', () => {
  test.each(golden.uncertainty.map((sample, index) => ({ index, sample })))(
    'golden sample $index',
    ({ sample }) => {
      const scores = scoresOf(sample.p.map(p => p.map(Math.log)));
      expect(scores.predictiveEntropy[0]).toBeCloseTo(sample.predictive_entropy, 14);
      expect(scores.expectedEntropy[0]).toBeCloseTo(sample.expected_entropy, 14);
      expect(scores.mutualInformation[0]).toBeCloseTo(sample.mutual_information, 14);
      expect(scores.softmaxVariance[0]).toBeCloseTo(sample.smv_mean_over_classes, 14);
      expect(scores.variationRatio[0]).toBeCloseTo(sample.variation_ratio, 14);
      expect(scores.passes).toBe(4);
    },
  );

  test('a certain prediction has entropies of zero, not of −0 or NaN', () => {
    const scores = scoresOf([
      [0, -Infinity, -Infinity],
      [0, -Infinity, -Infinity],
    ]);
    for (const values of [
      scores.predictiveEntropy,
      scores.expectedEntropy,
      scores.mutualInformation,
      scores.softmaxVariance,
      scores.variationRatio,
    ]) {
      expect(Object.is(values[0], 0)).toBe(true);
    }
    expect(scores.prediction[0]).toBe(0);
    expect(scores.confidence[0]).toBe(1);
  });

  test('an underflow far below the leader changes nothing and is not NaN', () => {
    const scores = scoresOf([
      [1000, 0, -1000],
      [-1000, 0, 1000],
    ]);
    expect(scores.predictiveEntropy[0]).toBeCloseTo(Math.LN2, 14);
    expect(scores.mutualInformation[0]).toBeCloseTo(Math.LN2, 14);
    expect(scores.expectedEntropy[0]).toBe(0);
    // Two classes swing between 0 and 1: a variance of a quarter each, over three classes.
    expect(scores.softmaxVariance[0]).toBeCloseTo(0.5 / 3, 14);
  });

  test('classes and confidence come from the mean prediction', () => {
    const scores = scoresOf([
      [Math.log(0.55), Math.log(0.45)],
      [Math.log(0.1), Math.log(0.9)],
      [Math.log(0.55), Math.log(0.45)],
    ]);
    expect(scores.prediction[0]).toBe(1);
    expect(scores.confidence[0]).toBeCloseTo(0.6, 14);
    expect(scores.meanProbabilities[0]).toBeCloseTo(0.4, 14);
    expect(scores.meanProbabilities[1]).toBe(scores.confidence[0]);
    expect(scores.variationRatio[0]).toBeCloseTo(1 / 3, 14);
  });

  test('the logarithms of a mean prediction are its logits, and finite', () => {
    const { meanProbabilities } = scoresOf([
      [0, 800, 1],
      [0, 800, 800],
    ]);
    const logits = logProbabilities(meanProbabilities);
    expect(softmax(logits)[1]).toBeCloseTo(0.75, 6);
    expect(softmax(logits)[2]).toBeCloseTo(0.25, 6);
    expect(meanProbabilities[0]).toBe(0);
    // ln of the smallest positive number in float64, 2^−1074.
    expect(logits[0]).toBeCloseTo(-1074 * Math.LN2, 4);
  });
});

test('the entropy of a softmax comes with it, to the last digits', () => {
  fc.assert(
    fc.property(fc.array(logit, { minLength: 2, maxLength: 12 }), logits => {
      const target = new Float64Array(logits.length);
      const found = softmaxWithEntropy(target, [...logits, ...logits], logits.length);
      const expected = softmax(logits);
      target.forEach((p, k) => expect(p).toBeCloseTo(expected[k] ?? NaN, 14));
      expect(found).toBeCloseTo(entropy(expected), 13);
    }),
  );
  // By hand: ln(1 + ε) + ε · 40 / (1 + ε) with ε = exp(−40).
  const tiny = Math.exp(-40);
  expect(softmaxWithEntropy(new Float64Array(2), [0, -40], 0) / (41 * tiny)).toBeCloseTo(1, 12);
});

describe('properties of the scores', () => {
  test('passes that agree have a mutual information and a variance of exactly zero', () => {
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 2, maxLength: 10 }),
        fc.integer({ min: 1, max: 40 }),
        (logits, passes) => {
          const scores = scoresOf(Array.from({ length: passes }, () => logits));
          expect(Object.is(scores.mutualInformation[0], 0)).toBe(true);
          expect(Object.is(scores.softmaxVariance[0], 0)).toBe(true);
          expect(Object.is(scores.variationRatio[0], 0)).toBe(true);
        },
      ),
    );
  });

  test('every score lies in its range', () => {
    fc.assert(
      fc.property(manyPasses, passes => {
        const classes = passes[0]?.length ?? 0;
        const scores = scoresOf(passes);
        const inRange = (value: number | undefined, upper: number): void => {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(upper + 1e-12);
        };
        inRange(scores.predictiveEntropy[0], Math.log(classes));
        inRange(scores.expectedEntropy[0], Math.log(classes));
        inRange(scores.mutualInformation[0], Math.log(Math.min(classes, passes.length)));
        inRange(scores.softmaxVariance[0], (1 - 1 / classes) / classes);
        inRange(scores.variationRatio[0], 1 - 1 / classes);
        expect(scores.confidence[0]).toBeGreaterThanOrEqual(1 / classes - 1e-12);
      }),
    );
  });

  test('mutual information is the mean divergence from the mean, and at most χ²', () => {
    const moderate = fc.double({ min: -8, max: 8, noNaN: true });
    const passesOfFour = fc.array(fc.tuple(moderate, moderate, moderate, moderate), {
      minLength: 2,
      maxLength: 10,
    });
    fc.assert(
      fc.property(passesOfFour, passes => {
        const p = passes.map(softmaxByDefinition);
        const mean = [0, 1, 2, 3].map(
          k => p.reduce((sum, row) => sum + (row[k] ?? NaN), 0) / p.length,
        );
        const divergence = p
          .flatMap(row => row.map((pk, k) => pk * Math.log(pk / (mean[k] ?? NaN))))
          .reduce((sum, term) => sum + term / p.length, 0);
        const chiSquare = p
          .flatMap(row => row.map((pk, k) => (pk - (mean[k] ?? NaN)) ** 2 / (mean[k] ?? NaN)))
          .reduce((sum, term) => sum + term / p.length, 0);
        const variance = p
          .flatMap(row => row.map((pk, k) => (pk - (mean[k] ?? NaN)) ** 2))
          .reduce((sum, term) => sum + term / p.length / 4, 0);
        const scores = scoresOf(passes);
        expect(scores.mutualInformation[0]).toBeCloseTo(divergence, 12);
        expect(scores.softmaxVariance[0]).toBeCloseTo(variance, 12);
        expect(scores.mutualInformation[0]).toBeLessThanOrEqual(chiSquare + 1e-12);
      }),
    );
  });

  test('the order of the passes does not matter', () => {
    fc.assert(
      fc.property(manyPasses, passes => {
        const forwards = scoresOf(passes);
        const backwards = scoresOf(passes.toReversed());
        expect(backwards.mutualInformation[0]).toBeCloseTo(
          forwards.mutualInformation[0] ?? NaN,
          12,
        );
        expect(backwards.softmaxVariance[0]).toBeCloseTo(forwards.softmaxVariance[0] ?? NaN, 12);
        expect(backwards.variationRatio[0]).toBe(forwards.variationRatio[0]);
      }),
    );
  });

  test('a constant added to all logits changes nothing', () => {
    fc.assert(
      fc.property(manyPasses, fc.integer({ min: -1000, max: 1000 }), (passes, shift) => {
        const plain = scoresOf(passes);
        const shifted = scoresOf(passes.map(logits => logits.map(value => value + shift)));
        expect(shifted.mutualInformation[0]).toBeCloseTo(plain.mutualInformation[0] ?? NaN, 9);
        expect(shifted.softmaxVariance[0]).toBeCloseTo(plain.softmaxVariance[0] ?? NaN, 9);
      }),
    );
  });

  test('samples of a batch do not touch each other', () => {
    fc.assert(
      fc.property(manyPasses, manyPasses, (first, second) => {
        fc.pre(first[0]?.length === second[0]?.length && first.length === second.length);
        const both = new PredictionAccumulator(2, first[0]?.length ?? 0);
        first.forEach((logits, pass) => {
          both.add(1, second[pass] ?? []);
          both.add(0, logits);
        });
        const scores = both.finish();
        expect(scores.mutualInformation[0]).toBe(scoresOf(first).mutualInformation[0]);
        expect(scores.mutualInformation[1]).toBe(scoresOf(second).mutualInformation[0]);
      }),
    );
  });
});

describe('what cannot be scored is refused', () => {
  test.each([
    ['NaN', [0, NaN]],
    ['an infinite logit', [0, Infinity]],
    ['no class at all', [-Infinity, -Infinity]],
  ])('%s', (_, logits) => {
    expect(() => scoresOf([logits])).toThrow(UncertaintyError);
  });

  test('samples with different numbers of passes', () => {
    const accumulator = new PredictionAccumulator(2, 2);
    accumulator.add(0, [0, 1]);
    expect(() => accumulator.finish()).toThrow(/same number of passes/);
  });

  test('no passes at all', () => {
    expect(() => new PredictionAccumulator(1, 2).finish()).toThrow(UncertaintyError);
  });
});

function softmaxByDefinition(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map(weight => weight / sum);
}
