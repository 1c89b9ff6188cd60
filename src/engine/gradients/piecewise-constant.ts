import * as tf from '@tensorflow/tfjs-core';
import { gradient, type Gradient } from './gradient.ts';

/**
 * Comparisons, logic and division rounded down: their gradient is zero wherever it exists.
 * TensorFlow.js has none for the former, so that whatever compares on its way (leaky ReLU, clipping, a
 * maximum) has no second order, and takes the latter for an ordinary division.
 */
export const stepGradients: readonly Gradient[] = [
  tf.Greater,
  tf.GreaterEqual,
  tf.Less,
  tf.LessEqual,
  tf.Equal,
  tf.NotEqual,
  tf.LogicalAnd,
  tf.LogicalOr,
  tf.FloorDiv,
].map(name =>
  gradient(name, { inputs: ['a', 'b'] }, (_dy: tf.Tensor, [a, b]: [tf.Tensor, tf.Tensor]) => ({
    a: () => tf.zeros(a.shape),
    b: () => tf.zeros(b.shape),
  })),
);

export const logicalNotGradient = gradient(
  tf.LogicalNot,
  { inputs: ['x'] },
  (_dy: tf.Tensor, [x]: [tf.Tensor]) => ({ x: () => tf.zeros(x.shape) }),
);

/** Rounding to whole numbers has gradient zero; TensorFlow.js hands the gradient through. */
export const castGradient = gradient(
  tf.Cast,
  {},
  (dy: tf.Tensor, _saved: [], { dtype }: tf.CastAttrs) => ({
    x: () => (dtype === 'float32' ? tf.clone(dy) : tf.zerosLike(dy)),
  }),
);
