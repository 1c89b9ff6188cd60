import * as tf from '@tensorflow/tfjs-core';
import { gradient, sumToShape } from './gradient.ts';

type Saved = [x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale: tf.Tensor];

/**
 * Batch normalisation by given statistics: y = (x − mean) · scale / √(variance + ε) + offset.
 * TensorFlow.js repeats the statistics over all images, and computes half of every gradient whether it
 * is asked for or not.
 */
export const batchNormalizationGradient = gradient(
  tf.FusedBatchNorm,
  { inputs: ['x', 'mean', 'variance', 'scale'] },
  (
    dy: tf.Tensor,
    [x, mean, variance, scale]: Saved,
    { varianceEpsilon }: tf.FusedBatchNormAttrs,
  ) => {
    const inverseDeviation = (): tf.Tensor => tf.rsqrt(tf.add(variance, varianceEpsilon));
    const slope = (): tf.Tensor => tf.mul(scale, inverseDeviation());
    const centred = (): tf.Tensor => tf.sub(x, mean);
    return {
      x: () => tf.mul(dy, slope()),
      mean: () => sumToShape(tf.mul(dy, tf.neg(slope())), mean.shape),
      variance: () => {
        const factor = tf.mul(tf.mul(slope(), tf.square(inverseDeviation())), -0.5);
        return sumToShape(tf.mul(tf.mul(dy, centred()), factor), variance.shape);
      },
      scale: () => sumToShape(tf.mul(tf.mul(dy, centred()), inverseDeviation()), scale.shape),
      offset: () => sumToShape(dy, mean.shape),
    };
  },
);
