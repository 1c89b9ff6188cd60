import * as tf from '@tensorflow/tfjs-core';

/** The part of the wasm backend that shows a tensor where it lies, and makes room for one. */
interface HeapBackend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
}

/**
 * The values of a float32 tensor, to read at once and not to keep: on the wasm backend this is a view
 * of the heap, which the next allocation may move.
 */
export function readValues(tensor: tf.Tensor): Float32Array {
  if (tf.getBackend() === 'wasm') return readElements(tensor) as Float32Array;
  return tensor.dataSync<'float32'>();
}

/**
 * Makes a float32 tensor of the current backend.
 *
 * @param write fills in the values, which are zero before. It must make no other tensor.
 */
export function createTensor(
  shape: readonly number[],
  write: (values: Float32Array) => void,
): tf.Tensor {
  if (tf.getBackend() !== 'wasm') {
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    write(values);
    return tf.tensor(values, [...shape]);
  }
  const result = allocate(shape, 'float32');
  const values = readElements(result) as Float32Array;
  values.fill(0);
  write(values);
  return tf.engine().makeTensorFromTensorInfo(result);
}

/**
 * The elements of a tensor of the wasm backend where they lie on its heap, to read or fill at once:
 * the next allocation may move them.
 *
 * @param tensor of type float32, int32 or bool
 */
export function readElements(tensor: tf.TensorInfo): Float32Array | Int32Array | Uint8Array {
  return heapBackend().typedArrayFromHeap(tensor);
}

/** The same as bits to move, whatever they mean: a loop over one type of array is the fastest. */
export function readBits(tensor: tf.TensorInfo): Int32Array | Uint8Array {
  const elements = readElements(tensor);
  if (!(elements instanceof Float32Array)) return elements;
  return new Int32Array(elements.buffer, elements.byteOffset, elements.length);
}

/** Whether a tensor of the wasm backend has numbers or truth values, which lie on its heap. */
export function isOnHeap({ dtype }: tf.TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

/** Makes a tensor on the heap of the wasm backend, with values still to be written. */
export function allocate(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo {
  return heapBackend().makeOutput([...shape], dtype);
}

function heapBackend(): HeapBackend {
  return tf.backend() as unknown as HeapBackend;
}
