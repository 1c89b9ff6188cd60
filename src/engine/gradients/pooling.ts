import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** The gradient of average pooling is linear in dy, and average pooling is its transposition. */
export const averagePoolGradientGradient = gradient(
  tf.AvgPoolGrad,
  { inputs: ['dy', 'input'] },
  (
    ddx: tf.Tensor4D,
    [, input]: [tf.Tensor4D, tf.Tensor4D],
    { filterSize, strides, pad }: tf.AvgPoolGradAttrs,
  ) => ({
    dy: () => tf.avgPool(ddx, filterSize, strides, pad),
    input: () => tf.zeros(input.shape),
  }),
);

/**
 * The gradient of max pooling is linear in dy; its transposition fetches for each output the value at
 * the place that won.
 */
export const maxPoolGradientGradient = gradient(
  tf.MaxPoolGrad,
  { inputs: ['dy', 'input', 'output'] },
  (
    ddx: tf.Tensor4D,
    [dy, input, output]: [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D],
    { filterSize, strides, pad }: tf.MaxPoolGradAttrs,
  ) => ({
    dy: () => {
      if (typeof pad === 'object')
        throw new Error('No second order for explicitly padded pooling.');
      const { indexes } = tf.maxPoolWithArgmax(input, filterSize, strides, pad, true);
      const winners = tf.reshape<tf.Rank.R1>(indexes as tf.Tensor, [-1]);
      return tf.reshape(tf.gather(tf.reshape(ddx, [-1]), winners), dy.shape);
    },
    input: () => tf.zeros(input.shape),
    output: () => tf.zeros(output.shape),
  }),
);
