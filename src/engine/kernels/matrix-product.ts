import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, kernelFunction } from './kernel.ts';

interface Inputs {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

type FusedInputs = Inputs & Record<string, tf.Tensor>;

/**
 * Matrix product. The wasm backend multiplies plain matrices with fast code and transposed ones with
 * a naive loop, so that transposing first is more than ten times as fast.
 */
export const matrixProduct: Kernel = {
  name: tf.BatchMatMul,
  backends: ['wasm'],
  create(stock) {
    if (stock === undefined) throw new Error('The backend has no matrix product.');
    const transposeFirst = kernelFunction(
      ({ a, b }: Inputs, { transposeA, transposeB }: tf.BatchMatMulAttrs) =>
        tf.matMul(transposeA ? swapLastAxes(a) : a, transposeB ? swapLastAxes(b) : b),
    );
    return parameters => {
      const { transposeA, transposeB } = parameters.attrs as unknown as tf.BatchMatMulAttrs;
      return transposeA || transposeB ? transposeFirst(parameters) : stock(parameters);
    };
  },
};

/**
 * Matrix product with a bias and an activation, as a dense layer has it. The wasm backend's own
 * returns wrong values for transposed operands.
 */
export const fusedMatrixProduct: Kernel = {
  name: tf._FusedMatMul,
  backends: ['wasm'],
  create(stock) {
    if (stock === undefined) throw new Error('The backend has no fused matrix product.');
    const transposeFirst = kernelFunction(
      ({ a, b, ...rest }: FusedInputs, attributes: tf._FusedMatMulAttrs) => {
        const { transposeA, transposeB } = attributes;
        return tf.engine().runKernel(
          tf._FusedMatMul,
          {
            a: transposeA ? swapLastAxes(a) : a,
            b: transposeB ? swapLastAxes(b) : b,
            ...rest,
          },
          { ...attributes, transposeA: false, transposeB: false },
        );
      },
    );
    return parameters => {
      const { transposeA, transposeB } = parameters.attrs as unknown as tf._FusedMatMulAttrs;
      return transposeA || transposeB ? transposeFirst(parameters) : stock(parameters);
    };
  },
};

function swapLastAxes(matrices: tf.Tensor): tf.Tensor {
  const { rank } = matrices;
  const leading = Array.from({ length: rank - 2 }, (_, axis) => axis);
  return tf.transpose(matrices, [...leading, rank - 1, rank - 2]);
}
