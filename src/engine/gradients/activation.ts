import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** The gradient of ELU as a function of its output y: 1 for y > 0, and y + 1 below. */
export const eluGradientGradient = gradient(
  tf.EluGrad,
  { inputs: ['dy', 'y'] },
  (ddx: tf.Tensor, [dy, y]: [tf.Tensor, tf.Tensor]) => ({
    dy: () => tf.engine().runKernel<tf.Tensor>(tf.EluGrad, { dy: ddx, y }),
    y: () => tf.mul(tf.mul(ddx, dy), tf.cast(tf.less(y, 0), 'float32')),
  }),
);

/**
 * The gradient of leaky ReLU: 1 for x > 0, and alpha below. TensorFlow.js chooses between two
 * gradients, number by number; a product costs a third, and its own gradient is a product again.
 */
export const leakyReluGradient = gradient(
  tf.LeakyRelu,
  { inputs: ['x'] },
  (dy: tf.Tensor, [x]: [tf.Tensor], { alpha }: tf.LeakyReluAttrs) => ({
    x: () => tf.mul(dy, tf.step(x, alpha)),
  }),
);
