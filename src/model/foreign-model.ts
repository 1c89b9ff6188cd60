import { extname } from 'node:path';

/** Signatures of files that people take for a TensorFlow.js model, by their first bytes. */
const signatures: readonly (readonly [bytes: string, offset: number, what: string])[] = [
  ['\x89HDF\r\n\x1a\n', 0, 'a Keras model in HDF5'],
  ['TFL3', 4, 'a TensorFlow Lite model'],
  ['PK\x03\x04', 0, 'a zip archive (a Keras 3, PyTorch or NumPy file, say)'],
  ['\x93NUMPY', 0, 'an array of NumPy'],
  ['\x80\x02', 0, 'a Python pickle (a PyTorch or scikit-learn model, say)'],
  ['\x80\x03', 0, 'a Python pickle (a PyTorch or scikit-learn model, say)'],
  ['\x80\x04', 0, 'a Python pickle (a PyTorch or scikit-learn model, say)'],
  ['\x1f\x8b', 0, 'a gzip archive'],
];

const extensions: Readonly<Record<string, string>> = {
  '.onnx': 'an ONNX model',
  '.pb': 'a TensorFlow SavedModel',
  '.keras': 'a Keras 3 model',
  '.h5': 'a Keras model in HDF5',
  '.hdf5': 'a Keras model in HDF5',
  '.tflite': 'a TensorFlow Lite model',
  '.pt': 'a PyTorch model',
  '.pth': 'a PyTorch model',
  '.safetensors': 'a safetensors file',
};

/** Says what a file is that is no TensorFlow.js model, where its first bytes or its name tell. */
export function recogniseForeignModel(path: string, firstBytes: Uint8Array): string | undefined {
  const text = Buffer.from(firstBytes.subarray(0, 64)).toString('latin1');
  const match = signatures.find(([bytes, offset]) => text.startsWith(bytes, offset));
  return extensions[extname(path).toLowerCase()] ?? match?.[2];
}
