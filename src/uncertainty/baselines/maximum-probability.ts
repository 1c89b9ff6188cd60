import { softmax } from '../softmax.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** −max p, "MSP" (Hendrycks and Gimpel 2017, "A baseline for detecting misclassified examples"). */
export const maximumProbability: OutlierScore = {
  name: 'maximum probability',
  settings: {},
  score: ({ logits }) => forEachRow(logits, row => -Math.max(...softmax(row))),
};
