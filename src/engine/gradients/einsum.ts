import * as tf from '@tensorflow/tfjs-core';
import { formatEinsum, parseEinsum } from '../einsum-equation.ts';
import { gradient } from './gradient.ts';

/**
 * Einstein summation: the gradient of an operand is the summation of dy and the other operand with
 * the labels exchanged. A label that only this operand has was summed alone, so its gradient is the
 * same all along that axis.
 */
export const einsumGradient = gradient(
  tf.Einsum,
  { allInputs: true },
  (dy: tf.Tensor, tensors: readonly tf.Tensor[], { equation }: tf.EinsumAttrs) => {
    const { operands, result } = parseEinsum(equation, tensors.length);
    return Object.fromEntries(
      operands.map((labels, index) => {
        const compute = (): tf.Tensor => {
          const others = operands.filter((_, other) => other !== index);
          const known = new Set([...result, ...others.flat()]);
          const backwards = formatEinsum({
            operands: [result, ...others],
            result: labels.filter(label => known.has(label)),
          });
          const otherTensors = tensors.filter((_, other) => other !== index);
          const partial = tf.einsum(backwards, dy, ...otherTensors);
          const shape = (tensors[index] as tf.Tensor).shape;
          const kept = shape.map((size, axis) => (known.has(labels[axis] ?? '') ? size : 1));
          return tf.mul(tf.reshape(partial, kept), tf.ones(shape));
        };
        return [String(index), compute];
      }),
    );
  },
);
