import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../../arrays/batch.ts';
import type { Classifier, LogitLoss } from '../../model/classifier.ts';
import { softmax } from '../softmax.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** ln max softmax(z / T), whose gradient tells how to make the model surer. */
function logMaximumProbability(temperature: number): LogitLoss {
  return {
    name: `log of the maximum probability at temperature ${temperature}`,
    parameterShapes: () => [],
    perSample: logits => tf.max(tf.logSoftmax(tf.div(logits, temperature)), 1),
  };
}

/**
 * ODIN (Liang, Li and Srikant 2018): −max softmax(z(x̃) / T) at x̃ = x + ε · sign(∇ ln max softmax),
 * a step that makes known inputs surer than unknown ones.
 *
 * @param epsilon in input units
 */
export function odin(classifier: Classifier, temperature = 1000, epsilon = 0.0014): OutlierScore {
  const loss = logMaximumProbability(temperature);
  const { lower, upper } = classifier.bounds;
  return {
    name: 'ODIN',
    settings: { temperature, epsilon },
    score: async ({ inputs }) => {
      const { gradient } = await classifier.lossGradient(loss, inputs, []);
      const moved = inputs.values.map((value, i) => {
        const step = epsilon * Math.sign(gradient.values[i] as number);
        return Math.min(upper, Math.max(lower, value + step));
      });
      const logits = await classifier.logits(new Batch(moved, inputs.shape));
      return forEachRow(logits, row => -Math.max(...softmax(row, temperature)));
    },
  };
}
