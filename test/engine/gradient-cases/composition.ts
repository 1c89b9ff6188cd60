import * as tf from '@tensorflow/tfjs-core';
import { gradientCase } from './gradient-case.ts';

/** Functions of several kernels, as layers and losses use them. */
export const compositionCases = [
  gradientCase('log of softmax', [[4, 10]], (x: tf.Tensor) => tf.logSoftmax(x)),
  gradientCase('log of the sum of exponentials', [[4, 10]], (x: tf.Tensor) => tf.logSumExp(x, 1)),
  gradientCase('Euclidean norm', [[4, 10]], (x: tf.Tensor) => tf.norm(x, 2, 1)),
  gradientCase('normalised rows', [[4, 10]], (x: tf.Tensor) =>
    tf.div(x, tf.sqrt(tf.sum(tf.square(x), 1, true))),
  ),
  gradientCase('softsign', [[40]], (x: tf.Tensor) => tf.div(x, tf.add(tf.abs(x), 1))),
  gradientCase('GELU', [[40]], (x: tf.Tensor) =>
    tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.div(x, Math.SQRT2)))),
  ),
  gradientCase('max pooling behind ReLU', [[2, 7, 7, 2]], (x: tf.Tensor4D) =>
    tf.maxPool(tf.relu(x), 2, 2, 'same'),
  ),
  gradientCase('dropout with a seed', [[40]], (x: tf.Tensor) => tf.dropout(x, 0.5, undefined, 7)),
  gradientCase('margin of the first logit', [[4, 6]], (x: tf.Tensor) =>
    tf.sub(tf.squeeze(tf.slice(x, [0, 0], [-1, 1]), [1]), tf.max(tf.slice(x, [0, 1], [-1, -1]), 1)),
  ),
];
