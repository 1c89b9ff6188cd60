import { softmax } from '../softmax.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** Σ p^γ (1 − p)^γ over the largest probabilities, "GEN" (Liu, Lochman and Zach 2023). */
export function generalisedEntropy(gamma = 0.1, classes = 100): OutlierScore {
  return {
    name: 'generalised entropy',
    settings: { gamma, classes },
    score: ({ logits }) =>
      forEachRow(logits, row =>
        softmax(row)
          .sort()
          .slice(-classes)
          .reduce((sum, p) => sum + (p * Math.max(0, 1 - p)) ** gamma, 0),
      ),
  };
}
