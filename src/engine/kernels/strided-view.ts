import type * as tf from '@tensorflow/tfjs-core';
import { allocate, readBits } from './values.ts';

/**
 * Values seen in another order: the element at index (i₀, i₁, …) of the shape is the one at
 * `offset` + Σ iₐ · strideₐ. A stride is negative where an axis is turned around, and zero where
 * values are repeated.
 */
export interface StridedView {
  readonly offset: number;
  readonly axes: readonly ViewAxis[];
}

export interface ViewAxis {
  readonly length: number;
  readonly stride: number;
}

/** The axes of values that lie in row-major order. */
export function rowMajorAxes(shape: readonly number[]): ViewAxis[] {
  let stride = 1;
  return shape
    .toReversed()
    .map(length => {
      const axis = { length, stride };
      stride *= length;
      return axis;
    })
    .toReversed();
}

/** A new tensor of that shape on the wasm heap, with the values of the view in row-major order. */
export function copyView(
  tensor: tf.TensorInfo,
  { offset, axes }: StridedView,
  shape: readonly number[],
): tf.TensorInfo {
  const result = allocate(shape, tensor.dtype);
  const target = readBits(result);
  if (target.length > 0) copyAxes(readBits(tensor), target, offset, mergeAxes(axes));
  return result;
}

type Words = Int32Array | Uint8Array;

/** The same view with as few axes as possible, at least one. */
function mergeAxes(axes: readonly ViewAxis[]): readonly ViewAxis[] {
  const merged: ViewAxis[] = [];
  for (const axis of axes) {
    if (axis.length === 1) continue;
    const outer = merged.at(-1);
    if (outer?.stride === axis.stride * axis.length) {
      merged[merged.length - 1] = { length: outer.length * axis.length, stride: axis.stride };
    } else merged.push(axis);
  }
  return merged.length === 0 ? [{ length: 1, stride: 1 }] : merged;
}

/** From this length on the copying of an array by the runtime is faster than a loop. */
const longRun = 48;

function copyAxes(source: Words, target: Words, offset: number, axes: readonly ViewAxis[]): void {
  const outerAxes = axes.slice(0, -1);
  const { length, stride } = axes.at(-1) as ViewAxis;
  const indices = new Int32Array(outerAxes.length);
  let start = offset;
  for (let position = 0; position < target.length; position += length) {
    if (stride === 1 && length >= longRun) {
      target.set(source.subarray(start, start + length), position);
    } else {
      let from = start;
      for (let i = position; i < position + length; i++) {
        target[i] = source[from] as number;
        from += stride;
      }
    }
    // On to the next row, as a mileage counter does.
    for (let axis = outerAxes.length - 1; axis >= 0; axis--) {
      const outer = outerAxes[axis] as ViewAxis;
      const index = (indices[axis] as number) + 1;
      start += outer.stride;
      if (index < outer.length) {
        indices[axis] = index;
        break;
      }
      indices[axis] = 0;
      start -= outer.stride * outer.length;
    }
  }
}
