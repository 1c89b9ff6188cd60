import { entropy, softmax } from '../softmax.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** Entropy of the one prediction of the model as it is, in nats. */
export const predictionEntropy: OutlierScore = {
  name: 'entropy',
  settings: {},
  score: ({ logits }) => forEachRow(logits, row => entropy(softmax(row))),
};
