import * as tf from '@tensorflow/tfjs-core';

/** Name under which TensorFlow.js knows a backend. */
export type BackendName = 'wasm' | 'cpu' | 'tensorflow';

/** A kernel that takes the place of the library's own, or stands in where it has none. */
export interface Kernel {
  /** Name of the kernel in TensorFlow.js, for example `Conv2DBackpropInput`. */
  readonly name: string;
  /** Backends whose own kernel is wrong, missing or slow. */
  readonly backends: readonly BackendName[];
  /**
   * Makes the kernel function.
   *
   * @param stock the library's kernel of that name on that backend, if it has one
   */
  create(stock: tf.KernelFunc | undefined): tf.KernelFunc;
}

/**
 * What a kernel computes, written with other operations or with loops over arrays. It names the
 * tensors and attributes that TensorFlow.js passes under that kernel's name; the registry of the
 * library is untyped, hence `never`, which any such function fits.
 */
export type Composition = (inputs: never, attributes: never) => tf.Tensor | tf.Tensor[];

/**
 * A kernel composed of other operations, each of which runs on the current backend. The tape does not
 * record them: a gradient belongs to the kernel as a whole.
 */
export function composedKernel(
  name: string,
  backends: readonly BackendName[],
  compose: Composition,
): Kernel {
  return { name, backends, create: () => kernelFunction(compose) };
}

/** Wraps a composition as a kernel function of TensorFlow.js; temporary tensors are freed. */
export function kernelFunction(compose: Composition): tf.KernelFunc {
  return ({ inputs, attrs }) => tf.tidy(() => compose(inputs as never, attrs as never));
}
