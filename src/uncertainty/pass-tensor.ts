import * as tf from '@tensorflow/tfjs-core';
import type { MaskedTensor } from './layer-program.ts';

/**
 * A value while several passes over a batch run as one: `[batch, …]` while it is the same in all
 * passes, `[batch · passes, …]` once it differs, the passes of a sample next to each other.
 */
export interface PassTensor extends MaskedTensor {
  readonly differs: boolean;
}

/** The value with one row for each pass of each sample. */
export function spread(value: PassTensor, passes: number): PassTensor {
  if (value.differs) return value;
  return {
    tensor: repeatRows(value.tensor, passes),
    mask: value.mask === undefined ? undefined : repeatRows(value.mask, passes),
    differs: true,
  };
}

/** `[batch, …]` to `[batch · times, …]`, the copies of a row next to each other. */
export function repeatRows(tensor: tf.Tensor, times: number): tf.Tensor {
  if (times === 1) return tensor;
  const [batch = 0, ...shape] = tensor.shape;
  const repeats = [1, times, ...shape.map(() => 1)];
  return tf.reshape(tf.tile(tf.expandDims(tensor, 1), repeats), [batch * times, ...shape]);
}

/** `[batch, passes, …]` to `[batch · passes, …]`. */
export function joinPasses(tensor: tf.Tensor): tf.Tensor {
  const [batch = 0, passes = 0, ...shape] = tensor.shape;
  return tf.reshape(tensor, [batch * passes, ...shape]);
}

/** `[batch · passes, …]` to `[batch, passes, …]`. */
export function splitPasses(tensor: tf.Tensor, passes: number): tf.Tensor {
  const [rows = 0, ...shape] = tensor.shape;
  return tf.reshape(tensor, [rows / passes, passes, ...shape]);
}
