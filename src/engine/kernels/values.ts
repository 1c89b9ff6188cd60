import * as tf from '@tensorflow/tfjs-core';

/** The part of the wasm backend that shows a tensor where it lies. */
interface HeapBackend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

/**
 * The values of a float32 tensor, to read at once and not to keep: on the wasm backend this is a view
 * of the heap, which the next allocation may move.
 */
export function readValues(tensor: tf.Tensor): Float32Array {
  if (tf.getBackend() === 'wasm') {
    return (tf.backend() as unknown as HeapBackend).typedArrayFromHeap(tensor);
  }
  return tensor.dataSync<'float32'>();
}
