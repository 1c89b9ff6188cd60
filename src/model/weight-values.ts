import { sizeOf } from '../arrays/batch.ts';
import { widenHalf } from '../numpy/dtype.ts';
import type { WeightEntry } from './saved-model.ts';

/** Values of a weight after dequantisation; complex numbers as pairs, strings as their bytes. */
export type WeightValues = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[];

/** A weight with the place of its bytes in the weight data. */
export interface LocatedWeight {
  readonly entry: WeightEntry;
  readonly start: number;
  readonly end: number;
}

const storedBytes = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
} as const;

/** A string is stored as its length in bytes, in 4 bytes, and its bytes. */
const stringLengthBytes = 4;

/**
 * Bytes that a weight takes in its shard, or `undefined` for strings, which say their own length.
 */
export function storedByteLength(entry: WeightEntry): number | undefined {
  if (entry.quantization !== undefined) {
    return sizeOf(entry.shape) * storedBytes[entry.quantization.dtype];
  }
  if (entry.dtype === 'string') return undefined;
  return sizeOf(entry.shape) * storedBytes[entry.dtype];
}

/**
 * Finds each weight in the weight data, where they lie one after another in the manifest's order.
 * A weight that would end behind the data is given an `end` behind the data.
 */
export function locateWeights(
  entries: readonly WeightEntry[],
  data: ArrayBuffer,
): readonly LocatedWeight[] {
  let start = 0;
  return entries.map(entry => {
    const length = storedByteLength(entry) ?? stringsByteLength(entry, data, start);
    const located = { entry, start, end: start + length };
    start = located.end;
    return located;
  });
}

function stringsByteLength(entry: WeightEntry, data: ArrayBuffer, start: number): number {
  const view = new DataView(data);
  let length = 0;
  for (let i = 0; i < sizeOf(entry.shape); i++) {
    const position = start + length;
    const readable = position + stringLengthBytes <= data.byteLength;
    length += stringLengthBytes + (readable ? view.getUint32(position, true) : 0);
  }
  return length;
}

/** Reads the values of a weight as the model computes with them. */
export function decodeWeight(
  { entry, start, end }: LocatedWeight,
  data: ArrayBuffer,
): WeightValues {
  // A copy is aligned; a weight in the data need not be.
  const bytes = data.slice(start, end);
  const { quantization } = entry;
  if (quantization === undefined) return decodePlain(entry, bytes);
  const stored = quantization.dtype === 'uint8' ? new Uint8Array(bytes) : new Uint16Array(bytes);
  const widen =
    quantization.dtype === 'float16'
      ? widenHalf
      : (value: number) => value * quantization.scale + quantization.min;
  const isInteger = entry.dtype === 'int32';
  const values = isInteger ? new Int32Array(stored.length) : new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    const value = widen(stored[i] as number);
    values[i] = isInteger ? Math.round(value) : value;
  }
  return values;
}

function decodePlain(entry: WeightEntry, bytes: ArrayBuffer): WeightValues {
  switch (entry.dtype) {
    case 'float32':
    case 'complex64':
      return new Float32Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'bool':
      return new Uint8Array(bytes);
    case 'string':
      return decodeStrings(bytes);
  }
}

function decodeStrings(bytes: ArrayBuffer): Uint8Array[] {
  const view = new DataView(bytes);
  const strings: Uint8Array[] = [];
  for (let position = 0; position < bytes.byteLength;) {
    const length = view.getUint32(position, true);
    position += stringLengthBytes;
    strings.push(new Uint8Array(bytes, position, length));
    position += length;
  }
  return strings;
}
