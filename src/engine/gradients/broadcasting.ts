import * as tf from '@tensorflow/tfjs-core';
import { gradient, sumToShape } from './gradient.ts';

/** (a − b)². TensorFlow.js does not sum over the axes along which one of them was broadcast. */
export const squaredDifferenceGradient = gradient(
  tf.SquaredDifference,
  { inputs: ['a', 'b'] },
  (dy: tf.Tensor, [a, b]: [tf.Tensor, tf.Tensor]) => ({
    a: () => sumToShape(tf.mul(dy, tf.mul(2, tf.sub(a, b))), a.shape),
    b: () => sumToShape(tf.mul(dy, tf.mul(2, tf.sub(b, a))), b.shape),
  }),
);

/** Repetition: the gradients of all copies are added. TensorFlow.js stops at four axes. */
export const tileGradient = gradient(
  tf.Tile,
  { inputs: ['x'] },
  (dy: tf.Tensor, [x]: [tf.Tensor], { reps }: tf.TileAttrs) => ({
    x: () => {
      const split = x.shape.flatMap((size, axis) => [reps[axis] ?? 1, size]);
      const copies = x.shape.map((_, axis) => 2 * axis);
      return tf.reshape(tf.sum(tf.reshape(dy, split), copies), x.shape);
    },
  }),
);
