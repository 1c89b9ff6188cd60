import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** Running sums: a gradient flows to all terms before it. TensorFlow.js's own permutes axes wrongly. */
export const cumulativeSumGradient = gradient(
  tf.Cumsum,
  {},
  (dy: tf.Tensor, _saved: [], { axis, exclusive, reverse }: tf.CumsumAttrs) => ({
    x: () => tf.cumsum(dy, axis, exclusive, !reverse),
  }),
);
