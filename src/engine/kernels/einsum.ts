import * as tf from '@tensorflow/tfjs-core';
import { parseEinsum } from '../einsum-equation.ts';
import { composedKernel } from './kernel.ts';

/**
 * Einstein summation of one or two tensors. Labels that one operand has and nothing else needs are
 * summed first; what remains is a batched matrix product between two transpositions. The wasm
 * backend has no such kernel; that of the cpu backend mistakes the shape where a label is summed alone.
 */
export const einsum = composedKernel(
  tf.Einsum,
  ['wasm', 'cpu'],
  (inputs: Record<string, tf.Tensor>, { equation }: tf.EinsumAttrs) => {
    const tensors = Object.values(inputs);
    const { operands, result } = parseEinsum(equation, tensors.length);
    const labelled = operands.map((labels, index) => ({
      labels,
      tensor: tensors[index] as tf.Tensor,
    }));
    const [first, second] = labelled as [Labelled, Labelled | undefined];
    if (second === undefined) return permute(sumOut(first, result), result);
    const a = sumOut(first, [...result, ...second.labels]);
    const b = sumOut(second, [...result, ...first.labels]);
    return permute(contract(a, b, result), result);
  },
);

/** A tensor whose axes have letters. */
interface Labelled {
  readonly labels: readonly string[];
  readonly tensor: tf.Tensor;
}

/** Sums over the axes whose labels are not to be kept. */
function sumOut({ labels, tensor }: Labelled, kept: readonly string[]): Labelled {
  const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { labels, tensor };
  return { labels: labels.filter(label => kept.includes(label)), tensor: tf.sum(tensor, axes) };
}

function permute({ labels, tensor }: Labelled, order: readonly string[]): tf.Tensor {
  const permutation = order.map(label => labels.indexOf(label));
  const isSorted = permutation.every((axis, position) => axis === position);
  return isSorted ? tensor : tf.transpose(tensor, permutation);
}

/** Batched matrix product over the labels that both have and the result has not. */
function contract(a: Labelled, b: Labelled, result: readonly string[]): Labelled {
  const sizes = new Map(
    [a, b].flatMap(({ labels, tensor }) =>
      labels.map((label, axis) => [label, tensor.shape[axis] as number]),
    ),
  );
  const shapeOf = (labels: readonly string[]): number[] =>
    labels.map(label => sizes.get(label) as number);
  const sizeOf = (labels: readonly string[]): number => tf.util.sizeFromShape(shapeOf(labels));

  const common = a.labels.filter(label => b.labels.includes(label));
  const batch = common.filter(label => result.includes(label));
  const summed = common.filter(label => !result.includes(label));
  const onlyA = a.labels.filter(label => !common.includes(label));
  const onlyB = b.labels.filter(label => !common.includes(label));

  const left = tf.reshape(permute(a, [...batch, ...onlyA, ...summed]), [
    sizeOf(batch),
    sizeOf(onlyA),
    sizeOf(summed),
  ]);
  const right = tf.reshape(permute(b, [...batch, ...summed, ...onlyB]), [
    sizeOf(batch),
    sizeOf(summed),
    sizeOf(onlyB),
  ]);
  const labels = [...batch, ...onlyA, ...onlyB];
  return { labels, tensor: tf.reshape(tf.matMul(left, right), shapeOf(labels)) };
}
