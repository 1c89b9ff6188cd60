import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';
import { allocate, readBits, readElements } from './values.ts';

/**
 * Fills `results` with 1 where a comparison of a and b holds, and 0 where not. A step of 0 compares all
 * of a with the first of b, a step of 1 element by element.
 */
type Comparison = (a: Float32Array, b: Float32Array, step: 0 | 1, results: Uint8Array) => void;

/**
 * A comparison of float32 tensors of the same shape, or with a single number, as the gradients of
 * clipping, leaky ReLU and maxima need it. The wasm backend takes ten times as long, since it computes
 * the place of each value from its index; anything else is left to it.
 */
function comparison(name: string, compare: Comparison): Kernel {
  return {
    name,
    backends: ['wasm'],
    create: stock => parameters => {
      const { a, b } = parameters.inputs as Record<'a' | 'b', tf.TensorInfo>;
      const isSingle = tf.util.sizeFromShape(b.shape) === 1 && b.shape.length <= a.shape.length;
      const isFloat = a.dtype === 'float32' && b.dtype === 'float32';
      if (stock !== undefined && !(isFloat && (isSingle || hasShape(b, a.shape)))) {
        return stock(parameters);
      }
      const result = allocate(a.shape, 'bool');
      const [left, right] = [readElements(a) as Float32Array, readElements(b) as Float32Array];
      compare(left, right, isSingle ? 0 : 1, readElements(result) as Uint8Array);
      return result;
    },
  };
}

/** The comparisons; each has a loop of its own, since a call for each value would take the time saved. */
export const comparisons: readonly Kernel[] = [
  comparison(tf.Greater, (a, b, step, results) => {
    for (let i = 0; i < a.length; i++) results[i] = +((a[i] as number) > (b[i * step] as number));
  }),
  comparison(tf.GreaterEqual, (a, b, step, results) => {
    for (let i = 0; i < a.length; i++) results[i] = +((a[i] as number) >= (b[i * step] as number));
  }),
  comparison(tf.Less, (a, b, step, results) => {
    for (let i = 0; i < a.length; i++) results[i] = +((a[i] as number) < (b[i * step] as number));
  }),
  comparison(tf.LessEqual, (a, b, step, results) => {
    for (let i = 0; i < a.length; i++) results[i] = +((a[i] as number) <= (b[i * step] as number));
  }),
];

/** Whether both of two truth values hold, for tensors of the same shape; others as by the library. */
export const logicalAnd: Kernel = {
  name: tf.LogicalAnd,
  backends: ['wasm'],
  create: stock => parameters => {
    const { a, b } = parameters.inputs as Record<'a' | 'b', tf.TensorInfo>;
    if (stock !== undefined && !hasShape(b, a.shape)) return stock(parameters);
    const result = allocate(a.shape, 'bool');
    const [left, right] = [readElements(a), readElements(b)];
    const both = readElements(result);
    for (let i = 0; i < both.length; i++) both[i] = (left[i] as number) & (right[i] as number);
    return result;
  },
};

/** Values of `t` where a condition holds and of `e` elsewhere, all of one shape; others as by the library. */
export const select: Kernel = {
  name: tf.Select,
  backends: ['wasm'],
  create: stock => parameters => {
    const { condition, t, e } = parameters.inputs as Record<'condition' | 't' | 'e', tf.TensorInfo>;
    const isPlain = hasShape(condition, t.shape) && t.dtype === 'float32' && e.dtype === 'float32';
    if (stock !== undefined && !isPlain) return stock(parameters);
    const result = allocate(t.shape, 'float32');
    const holds = readElements(condition) as Uint8Array;
    const [chosen, other, target] = [readBits(t), readBits(e), readBits(result)];
    // A choice by masks: a branch would be guessed wrong half of the time.
    for (let i = 0; i < target.length; i++) {
      const mask = -(holds[i] as number);
      target[i] = ((chosen[i] as number) & mask) | ((other[i] as number) & ~mask);
    }
    return result;
  },
};

function hasShape(tensor: tf.TensorInfo, shape: readonly number[]): boolean {
  return tf.util.arraysEqual(tensor.shape, [...shape]);
}
