import * as tf from '@tensorflow/tfjs-core';
import { gradient, type Gradient, sumToShape } from './gradient.ts';

/**
 * Largest or smallest value along axes. Values that tie share the gradient, as in TensorFlow: handing
 * each of them the whole of it, as TensorFlow.js does, is no subgradient.
 */
function reductionGradient(
  name: string,
  axesOf: (attributes: never) => number | number[],
): Gradient {
  return gradient(
    name,
    { inputs: ['x'], outputs: [true] },
    (dy: tf.Tensor, [x, y]: [tf.Tensor, tf.Tensor], attributes: never) => ({
      x: () => {
        const axes = tf.util.parseAxisParam(axesOf(attributes), x.shape);
        const keptShape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
        const winners = tf.cast(tf.equal(x, tf.reshape(y, keptShape)), 'float32');
        const shares = tf.div(tf.reshape(dy, keptShape), tf.sum(winners, axes, true));
        return tf.mul(winners, shares);
      },
    }),
  );
}

export const maxGradient = reductionGradient(
  tf.Max,
  ({ reductionIndices }: tf.MaxAttrs) => reductionIndices,
);

export const minGradient = reductionGradient(tf.Min, ({ axis }: tf.MinAttrs) => axis);

/** The larger of two; where they are equal, the first has the gradient. */
export const maximumGradient = gradient(
  tf.Maximum,
  { inputs: ['a', 'b'] },
  (dy: tf.Tensor, [a, b]: [tf.Tensor, tf.Tensor]) => ({
    a: () => sumToShape(tf.mul(dy, tf.cast(tf.greaterEqual(a, b), 'float32')), a.shape),
    b: () => sumToShape(tf.mul(dy, tf.cast(tf.less(a, b), 'float32')), b.shape),
  }),
);

/** The smaller of two; where they are equal, the first has the gradient. */
export const minimumGradient = gradient(
  tf.Minimum,
  { inputs: ['a', 'b'] },
  (dy: tf.Tensor, [a, b]: [tf.Tensor, tf.Tensor]) => ({
    a: () => sumToShape(tf.mul(dy, tf.cast(tf.lessEqual(a, b), 'float32')), a.shape),
    b: () => sumToShape(tf.mul(dy, tf.cast(tf.greater(a, b), 'float32')), b.shape),
  }),
);
