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
