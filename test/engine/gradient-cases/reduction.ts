import * as tf from '@tensorflow/tfjs-core';
import { gradientCase } from './gradient-case.ts';

export const reductionCases = {
  Cumsum: [
    gradientCase('last axis', [[3, 4, 5]], (x: tf.Tensor) => tf.cumsum(x, 2)),
    gradientCase('middle axis', [[3, 4, 5]], (x: tf.Tensor) => tf.cumsum(x, 1)),
    gradientCase('first axis of a cube', [[4, 4, 4]], (x: tf.Tensor) => tf.cumsum(x, 0)),
    gradientCase('exclusive', [[3, 4]], (x: tf.Tensor) => tf.cumsum(x, 0, true)),
    gradientCase('backwards', [[3, 4]], (x: tf.Tensor) => tf.cumsum(x, 0, false, true)),
  ],
  FusedBatchNorm: [
    gradientCase(
      'scale and offset',
      [[2, 3, 3, 2], [2], [2], [2], [2]],
      (
        x: tf.Tensor4D,
        mean: tf.Tensor1D,
        variance: tf.Tensor1D,
        offset: tf.Tensor1D,
        scale: tf.Tensor1D,
      ) => tf.batchNorm(x, mean, variance, offset, scale),
      { range: [0.3, 1.5] },
    ),
    gradientCase(
      'no scale, as in Inception v3',
      [[2, 3, 3, 2], [2], [2], [2]],
      (x: tf.Tensor4D, mean: tf.Tensor1D, variance: tf.Tensor1D, offset: tf.Tensor1D) =>
        tf.batchNorm(x, mean, variance, offset),
      { range: [0.3, 1.5] },
    ),
    gradientCase(
      'neither scale nor offset, a vector',
      [[6, 3], [3], [3]],
      (x: tf.Tensor2D, mean: tf.Tensor1D, variance: tf.Tensor1D) => tf.batchNorm(x, mean, variance),
      { range: [0.3, 1.5] },
    ),
  ],
  LRN: [
    gradientCase('radius 2', [[2, 3, 3, 5]], (x: tf.Tensor4D) =>
      tf.localResponseNormalization(x, 2, 1, 1, 0.5),
    ),
  ],
  Max: [
    gradientCase('one axis', [[4, 10]], (x: tf.Tensor) => tf.max(x, 1)),
    gradientCase('global max pooling', [[2, 4, 4, 3]], (x: tf.Tensor) => tf.max(x, [1, 2])),
    gradientCase('all', [[4, 5]], (x: tf.Tensor) => tf.max(x)),
    gradientCase('keeping axes', [[4, 5]], (x: tf.Tensor) => tf.mul(x, tf.max(x, 0, true))),
  ],
  Mean: [
    gradientCase('one axis', [[4, 10]], (x: tf.Tensor) => tf.mean(x, 0)),
    gradientCase('global average pooling', [[2, 4, 4, 3]], (x: tf.Tensor) => tf.mean(x, [1, 2])),
  ],
  Min: [gradientCase('one axis', [[4, 10]], (x: tf.Tensor) => tf.min(x, 1))],
  Prod: [
    gradientCase('last axis', [[4, 5]], (x: tf.Tensor) => tf.prod(x, 1)),
    gradientCase('first axis', [[4, 5]], (x: tf.Tensor) => tf.prod(x, 0)),
  ],
  Softmax: [gradientCase('rows', [[4, 10]], (x: tf.Tensor) => tf.softmax(x))],
  Sum: [
    gradientCase('one axis', [[4, 10]], (x: tf.Tensor) => tf.sum(x, 1)),
    gradientCase('first axis', [[2, 3, 4]], (x: tf.Tensor) => tf.sum(x, [0, 2])),
  ],
};
