import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { Random } from '../../src/random/random.ts';
import {
  calibrationError,
  calibrationReport,
  fitTemperature,
  type LabelledLogits,
  negativeLogLikelihood,
} from '../../src/uncertainty/calibration.ts';
import { softmax } from '../../src/uncertainty/softmax.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };

/** Logits and labels drawn from their softmax: perfectly calibrated by construction. */
function calibratedLogits(count: number, seed: number): LabelledLogits {
  const random = new Random(seed, ['calibrated']);
  const logits = Batch.zeros(count, [3]);
  const labels = Array.from({ length: count }, (_, sample) => {
    const row = logits.row(sample);
    row.forEach((_value, k) => (row[k] = 2 * random.normal()));
    const p = softmax(row);
    const u = random.uniform();
    return u < (p[0] ?? 0) ? 0 : u < (p[0] ?? 0) + (p[1] ?? 0) ? 1 : 2;
  });
  return { logits, labels };
}

function scaled({ logits, labels }: LabelledLogits, factor: number): LabelledLogits {
  const values = logits.values.map(value => value * factor);
  return { logits: new Batch(values, logits.shape), labels };
}

describe('calibration error', () => {
  test('golden value in five bins', () => {
    const { conf, correct, ece, mce, brier_top1 } = golden.ece5;
    const result = calibrationError(
      conf,
      correct.map(value => value === 1),
      5,
    );
    expect(result.expected).toBeCloseTo(ece, 14);
    expect(result.maximum).toBeCloseTo(mce, 14);
    expect(result.topLabelBrier).toBeCloseTo(brier_top1, 14);
    expect(result.bins.map(bin => bin.count)).toEqual([0, 2, 3, 2, 3]);
  });

  test('a confidence on an edge belongs to the bin below it', () => {
    for (const binCount of [3, 5, 7, 10, 15]) {
      for (let edge = 1; edge <= binCount; edge++) {
        const { bins } = calibrationError([edge / binCount], [true], binCount);
        expect(bins.findIndex(bin => bin.count === 1)).toBe(edge - 1);
      }
    }
    expect(calibrationError([0], [true], 4).bins[0]?.count).toBe(1);
  });

  test('the bins hold every prediction once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (confidences, binCount) => {
          const { bins, expected, maximum } = calibrationError(
            confidences,
            confidences.map(() => true),
            binCount,
          );
          expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(confidences.length);
          expect(expected).toBeLessThanOrEqual(maximum + 1e-12);
          for (const bin of bins) {
            if (bin.count === 0) continue;
            expect(bin.confidence).toBeGreaterThanOrEqual(bin.lower - 1e-12);
            expect(bin.confidence).toBeLessThanOrEqual(bin.upper + 1e-12);
          }
        },
      ),
    );
  });
});

describe('likelihood and Brier score', () => {
  const labelled = { logits: new Batch(Float32Array.of(0, 0, 1, -1), [2]), labels: [0, 1] };

  test('by hand', () => {
    const p = 1 / (1 + Math.exp(2));
    const report = calibrationReport(labelled);
    expect(report.negativeLogLikelihood).toBeCloseTo((Math.LN2 - Math.log(p)) / 2, 14);
    expect(report.brier).toBeCloseTo((0.5 + 2 * (1 - p) ** 2) / 2, 14);
  });

  test('a hopeless sample costs its margin, not infinity', () => {
    const hopeless = { logits: new Batch(Float32Array.of(2000, 0), [2]), labels: [1] };
    expect(negativeLogLikelihood(hopeless)).toBe(2000);
  });
});

describe('temperature', () => {
  test('finds the factor by which calibrated logits were multiplied', () => {
    const calibrated = calibratedLogits(4_000, 3);
    const own = fitTemperature(calibrated).temperature;
    expect(own).toBeCloseTo(1, 1);
    // Multiplied logits have the same optimum, multiplied.
    expect(fitTemperature(scaled(calibrated, 4)).temperature / own).toBeCloseTo(4, 4);
    expect(fitTemperature(scaled(calibrated, 0.5)).temperature / own).toBeCloseTo(0.5, 4);
  });

  test('the derivative of the likelihood vanishes there', () => {
    const labelled = scaled(calibratedLogits(500, 4), 3);
    const { temperature, before, after, atBound } = fitTemperature(labelled);
    const slope =
      (negativeLogLikelihood(labelled, temperature * 1.001) -
        negativeLogLikelihood(labelled, temperature / 1.001)) /
      0.002;
    expect(Math.abs(slope)).toBeLessThan(1e-5);
    expect(after.negativeLogLikelihood).toBeLessThan(before.negativeLogLikelihood);
    expect(after.expected).toBeLessThan(before.expected);
    expect(atBound).toBe(false);
  });

  test('says so when no temperature is cold enough', () => {
    const certain = { logits: new Batch(Float32Array.of(1, 0, 0, 1), [2]), labels: [0, 1] };
    expect(fitTemperature(certain).atBound).toBe(true);
  });

  test('leaves the prediction alone', () => {
    const labelled = calibratedLogits(200, 5);
    const accuracy = (report: ReturnType<typeof calibrationReport>): number =>
      report.bins.reduce((sum, bin) => sum + (bin.count > 0 ? bin.accuracy * bin.count : 0), 0);
    const { before, after } = fitTemperature(labelled);
    expect(accuracy(after)).toBeCloseTo(accuracy(before), 9);
  });
});
