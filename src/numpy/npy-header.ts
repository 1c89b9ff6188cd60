import { describeValues, parseDescription, type NumpyValues, type StoredDtype } from './dtype.ts';
import { NumpyError } from './numpy-error.ts';

/*
 * The format is described in NumPy's documentation, "A simple file format for NumPy arrays": six
 * magic bytes, two of version, the length of the header (2 bytes in version 1, 4 in 2 and 3), a
 * Python dictionary padded with spaces to a multiple of 64 bytes, and the values.
 */

/** What the header of a `.npy` file says. */
export interface NpyHeader {
  readonly stored: StoredDtype;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Position of the first value. */
  readonly dataOffset: number;
}

const magic = '\x93NUMPY';

/** Longer headers belong to structured dtypes, which are not read. */
const maximumHeaderBytes = 65536;

/** How many bytes hold the header, or `undefined` when this is no `.npy` file. */
export function npyHeaderLength(firstBytes: Uint8Array): number | undefined {
  if (firstBytes.length < 12) return undefined;
  if (Buffer.from(firstBytes.subarray(0, 6)).toString('latin1') !== magic) return undefined;
  const view = new DataView(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength);
  const major = view.getUint8(6);
  const length = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  return major >= 1 && major <= 3 && length <= maximumHeaderBytes ? length : undefined;
}

/**
 * Parses a header, all of it.
 *
 * @param place for messages: the file, and the array in it
 * @throws NumpyError `numpy/corrupt`, `numpy/unsupported`
 */
export function parseNpyHeader(
  header: Uint8Array,
  place: { readonly file: string; readonly field?: string },
): NpyHeader {
  const start = header[6] === 1 ? 10 : 12;
  const text = Buffer.from(header.subarray(start)).toString('utf8');

  const fortranOrder = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  const description = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  if (fortranOrder === undefined || shape === undefined || !text.includes("'descr'")) {
    throw new NumpyError('numpy/corrupt', 'The header of the array cannot be read.', {
      place,
      remedy: 'Save the array again with numpy.save.',
    });
  }
  const stored = description === undefined ? undefined : parseDescription(description);
  if (stored === undefined) {
    throw new NumpyError(
      'numpy/unsupported',
      `The array holds ${description === undefined ? 'records' : `values of type ${description}`}, which are not read here.`,
      { place, remedy: 'Save it as numbers, with array.astype("float32") for example.' },
    );
  }
  return {
    stored,
    fortranOrder: fortranOrder === 'True',
    shape: shape
      .split(',')
      .map(length => length.replace('L', '').trim())
      .filter(length => length !== '')
      .map(Number),
    dataOffset: header.length,
  };
}

/** NumPy leaves room for this many digits of the first length, so that a file can grow in place. */
const growthDigits = 21;

/** The header of an array, byte for byte as NumPy itself writes it. */
export function formatNpyHeader(values: NumpyValues, shape: readonly number[]): Uint8Array {
  const lengths = shape.length === 1 ? `${shape.join()},` : shape.join(', ');
  const room = shape.length === 0 ? 0 : growthDigits - String(shape[0]).length;
  const dictionary =
    `{'descr': '${describeValues(values)}', 'fortran_order': False, 'shape': (${lengths}), }` +
    ' '.repeat(room);
  const length = (Math.floor((10 + dictionary.length + 1) / 64) + 1) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write(magic, 0, 'latin1');
  header.writeUInt8(1, 6);
  header.writeUInt8(0, 7);
  header.writeUInt16LE(length - 10, 8);
  header.write(dictionary, 10, 'latin1');
  header.write('\n', length - 1, 'latin1');
  return header;
}
