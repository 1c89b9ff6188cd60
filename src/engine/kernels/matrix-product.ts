import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, kernelFunction } from './kernel.ts';

interface Inputs {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

interface Transpositions {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * Matrix product. The wasm backend multiplies plain matrices with fast code and transposed ones with
 * a naive loop, so that transposing first is more than ten times as fast. A small batch times large
 * weights is done as a · bᵀ = (b · aᵀ)ᵀ, which leaves the weights where they are.
 */
export const matrixProduct: Kernel = {
  name: tf.BatchMatMul,
  backends: ['wasm'],
  create: stock =>
    prepareOperands(stock, (inputs: Inputs, attributes: Transpositions) => {
      if (attributes.transposeB && isCheaperReversed(inputs)) {
        const left = attributes.transposeA ? inputs.a : swapLastAxes(inputs.a);
        return swapLastAxes(tf.matMul(inputs.b, left));
      }
      const { a, b } = plainOperands(inputs, attributes);
      return tf.matMul(a, b);
    }),
};

/** Whether it is less to transpose a and the product than b, which comes transposed. */
function isCheaperReversed({ a, b }: Inputs): boolean {
  const inner = b.shape.at(-1) as number;
  const product = (a.size / inner) * (b.size / inner);
  return a.rank === 2 && b.rank === 2 && a.size + product < b.size;
}

/**
 * Matrix product with a bias and an activation, as a dense layer has it. The wasm backend's own
 * returns wrong values for transposed operands.
 */
export const fusedMatrixProduct: Kernel = {
  name: tf._FusedMatMul,
  backends: ['wasm'],
  create: stock =>
    prepareOperands(stock, (inputs: FusedInputs, attributes: tf._FusedMatMulAttrs) =>
      tf
        .engine()
        .runKernel(
          tf._FusedMatMul,
          { ...inputs, ...plainOperands(inputs, attributes) },
          { ...attributes, transposeA: false, transposeB: false },
        ),
    ),
};

type FusedInputs = Inputs & Record<string, tf.Tensor>;

/** Runs the library's kernel on operands that it can take, and `prepare` on others. */
function prepareOperands(
  stock: tf.KernelFunc | undefined,
  prepare: Parameters<typeof kernelFunction>[0],
): tf.KernelFunc {
  if (stock === undefined) throw new Error('The wasm backend has no matrix product.');
  const prepareAndRun = kernelFunction(prepare);
  return parameters => {
    const { transposeA, transposeB } = parameters.attrs as unknown as Transpositions;
    const { b } = parameters.inputs as unknown as Inputs;
    const isPlain = !transposeA && !transposeB && isMultipliedAsBefore(b);
    return isPlain ? stock(parameters) : prepareAndRun(parameters);
  };
}

function plainOperands({ a, b }: Inputs, { transposeA, transposeB }: Transpositions): Inputs {
  return {
    a: transposeA ? swapLastAxes(a) : a,
    b: transposeB ? swapLastAxes(b) : isMultipliedAsBefore(b) ? b : copy(b),
  };
}

/** Shape in which the values of each right operand were first multiplied. */
const multipliedShapes = new WeakMap<tf.DataId, string>();

/**
 * The wasm backend keeps what it prepared for a right operand under the identity of its values, and
 * uses it again for another shape of the same values: the product is wrong, and memory behind it is
 * overwritten. A tensor that was reshaped since (tied weights, an einsum) therefore gets a copy.
 */
function isMultipliedAsBefore(b: tf.Tensor): boolean {
  const shape = b.shape.join('×');
  const known = multipliedShapes.get(b.dataId);
  if (known === undefined) multipliedShapes.set(b.dataId, shape);
  return known === undefined || known === shape;
}

function copy(tensor: tf.Tensor): tf.Tensor {
  return tf.tensor(tensor.dataSync(), tensor.shape);
}

function swapLastAxes(matrices: tf.Tensor): tf.Tensor {
  const { rank } = matrices;
  const leading = Array.from({ length: rank - 2 }, (_, axis) => axis);
  return tf.transpose(matrices, [...leading, rank - 1, rank - 2]);
}
