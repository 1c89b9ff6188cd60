import type { Detection, DetectionRow } from '../../src/report/detection-record.ts';
import { proportion } from '../../src/report/statistics.ts';

/** What a report says of detection, with numbers that look real. */
export function sampleDetection(attack: string, count: number): Detection {
  const row = (condition: string, score: string, mean: number): DetectionRow => ({
    condition,
    score,
    subset: 'all',
    count,
    mean: { value: mean, lower: 0.9 * mean, upper: 1.1 * mean },
    ratio: { value: mean / 0.03, lower: mean / 0.04, upper: mean / 0.02 },
    histogram: Array.from({ length: 16 }, (_, i) => (condition === 'clean' ? 16 - i : i)),
    separation:
      condition === 'clean'
        ? null
        : {
            auroc: { value: 0.912, lower: 0.87, upper: 0.95 },
            averagePrecision: 0.9,
            baseRate: 0.5,
            fprAt95TprOutPositive: 0.42,
            fprAt95TprInPositive: 0.38,
            tprAt1Fpr: 0.3,
            tprAt5Fpr: 0.61,
          },
    flagged: [proportion(1, count), proportion(Math.round(count / 2), count)],
  });
  const bins = Array.from({ length: 15 }, (_, i) => ({
    lower: i / 15,
    upper: (i + 1) / 15,
    count: i < 10 ? 0 : 12,
    confidence: i < 10 ? null : (i + 0.5) / 15,
    accuracy: i < 10 ? null : (i - 0.5) / 15,
  }));
  const calibration = {
    count,
    expectedError: 0.067,
    maximumError: 0.08,
    negativeLogLikelihood: 0.21,
    brier: 0.09,
    bins,
  };
  return {
    posterior: {
      applicable: true,
      method: 'mc-dropout',
      description: 'Stochastic: dropout_1 (Dropout, rate 0.5).',
      reason: 'The model has dropout, which training has made meaningful.',
      passes: 100,
      passesReason: 'As configured.',
      standardError: 0.013,
      relativeBias: 0.01,
    },
    splits: { fit: 1000, fitSource: 'data', threshold: count, test: count },
    scores: [
      { name: 'mutual-information', settings: {} },
      { name: 'energy', settings: { temperature: 1 } },
      { name: 'mahalanobis', settings: {}, missing: 'Too few samples to fit on.' },
    ],
    histogramEdges: {},
    thresholds: [],
    rows: ['mutual-information', 'energy'].flatMap(score => [
      row('clean', score, 0.03),
      row(attack, score, score === 'energy' ? 0.5 : 0.2),
    ]),
    calibration: {
      asSaved: calibration,
      temperature: 1.3,
      withTemperature: calibration,
      monteCarlo: { ...calibration, expectedError: 0.031 },
    },
  };
}
