import { endianness } from 'node:os';
import { NumpyError } from './numpy-error.ts';

/** Values as JavaScript holds them: half precision is widened, 64-bit integers become float64. */
export type NumpyValues =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array;

/** Types of values that are read. */
export type NumpyDtype =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'bool';

/** How values are stored. */
export interface StoredDtype {
  readonly dtype: NumpyDtype;
  readonly bytesPerValue: number;
  readonly littleEndian: boolean;
}

const kinds: Readonly<Record<string, readonly [NumpyDtype, bytes: number]>> = {
  f2: ['float16', 2],
  f4: ['float32', 4],
  f8: ['float64', 8],
  u1: ['uint8', 1],
  u2: ['uint16', 2],
  u4: ['uint32', 4],
  u8: ['uint64', 8],
  i1: ['int8', 1],
  i2: ['int16', 2],
  i4: ['int32', 4],
  i8: ['int64', 8],
  b1: ['bool', 1],
};

/** Parses NumPy's description of a dtype: byte order, kind and size, as in `<f4` or `|u1`. */
export function parseDescription(description: string): StoredDtype | undefined {
  const match = /^([<>|=])(\w+)$/.exec(description);
  const kind = kinds[match?.[2] ?? ''];
  if (match === null || kind === undefined) return undefined;
  return { dtype: kind[0], bytesPerValue: kind[1], littleEndian: match[1] !== '>' };
}

const hostIsLittleEndian = endianness() === 'LE';

/** NumPy's description of the values of an array, as they lie in the memory of this machine. */
export function describeValues(values: NumpyValues): string {
  const order = hostIsLittleEndian ? '<' : '>';
  switch (values.constructor) {
    case Float32Array:
      return `${order}f4`;
    case Float64Array:
      return `${order}f8`;
    case Uint16Array:
      return `${order}u2`;
    case Uint32Array:
      return `${order}u4`;
    case Int8Array:
      return '|i1';
    case Int16Array:
      return `${order}i2`;
    case Int32Array:
      return `${order}i4`;
    default:
      return '|u1';
  }
}

/**
 * Decodes stored values into an array of their own.
 *
 * @throws NumpyError `numpy/value-too-large`
 */
export function decodeValues(bytes: Uint8Array, stored: StoredDtype): NumpyValues {
  // A copy is aligned; bytes out of a file need not be.
  const { buffer } = swapped(new Uint8Array(bytes), stored);
  switch (stored.dtype) {
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer), exactInteger);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer), exactInteger);
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), widenHalf);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
  }
}

/** Brings the bytes of each value into the order of this machine, in place. */
function swapped(bytes: Uint8Array<ArrayBuffer>, stored: StoredDtype): Uint8Array<ArrayBuffer> {
  if (stored.littleEndian === hostIsLittleEndian) return bytes;
  const { buffer } = bytes;
  switch (stored.bytesPerValue) {
    case 2:
      Buffer.from(buffer).swap16();
      break;
    case 4:
      Buffer.from(buffer).swap32();
      break;
    case 8:
      Buffer.from(buffer).swap64();
      break;
  }
  return bytes;
}

function exactInteger(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new NumpyError(
    'numpy/value-too-large',
    `The integer ${value.toString()} cannot be held exactly.`,
    { remedy: 'Store the array with a smaller type, int32 for example.' },
  );
}

/** Widens IEEE 754 half precision: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
export function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
