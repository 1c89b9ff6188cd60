import * as tf from '@tensorflow/tfjs-core';

/** Methods of tensors that tfjs-layers calls on its way, by the operation that each stands for. */
const methods = {
  add: tf.add,
  broadcastTo: tf.broadcastTo,
  div: tf.div,
  expandDims: tf.expandDims,
  gather: tf.gather,
  greaterEqual: tf.greaterEqual,
  logicalAnd: tf.logicalAnd,
  mean: tf.mean,
  minimum: tf.minimum,
  mul: tf.mul,
  reshape: tf.reshape,
  sign: tf.sign,
  slice: tf.slice,
  split: tf.split,
  square: tf.square,
  squeeze: tf.squeeze,
  stridedSlice: tf.stridedSlice,
  sub: tf.sub,
  sum: tf.sum,
  transpose: tf.transpose,
} as const;

/**
 * Gives tensors the methods (`x.reshape(…)`) that tfjs-layers and some gradients take for granted.
 * They come with the package `@tensorflow/tfjs`, which also brings the WebGL backend; its own file
 * for them cannot be loaded by Node from tfjs-core.
 */
export function addTensorMethods(): void {
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, operation] of Object.entries(methods)) {
    prototype[name] ??= function (this: tf.Tensor, ...rest: unknown[]): unknown {
      return (operation as (...parts: unknown[]) => unknown)(this, ...rest);
    };
  }
  prototype['flatten'] ??= function (this: tf.Tensor): tf.Tensor {
    return tf.reshape(this, [this.size]);
  };
}
