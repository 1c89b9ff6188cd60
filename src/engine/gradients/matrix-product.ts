import * as tf from '@tensorflow/tfjs-core';
import { gradient, sumToShape } from './gradient.ts';

/**
 * A dense layer without activation: a · b + bias, of matrices or of stacks of them. With a' for what
 * enters the product (a, or its transposition), da' = dy · b'ᵀ and db' = a'ᵀ · dy.
 */
export const fusedMatrixProductGradient = gradient(
  tf._FusedMatMul,
  { inputs: ['a', 'b'] },
  (
    dy: tf.Tensor,
    [a, b]: [tf.Tensor, tf.Tensor],
    { transposeA, transposeB }: tf._FusedMatMulAttrs,
  ) => ({
    a: () =>
      sumToShape(
        transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB),
        a.shape,
      ),
    b: () =>
      sumToShape(
        transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false),
        b.shape,
      ),
    bias: () => tf.sum(tf.reshape(dy, [-1, dy.shape.at(-1) as number]), 0),
  }),
);
