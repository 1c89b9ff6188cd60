import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { sizeOf } from '../arrays/batch.ts';
import { fileSource, memorySource, type ByteSource } from '../numpy/byte-source.ts';
import type { StoredDtype } from '../numpy/dtype.ts';
import { arrayIn, type NumpyArray } from '../numpy/numpy-array.ts';
import { DataError } from './data-error.ts';
import { readFirstBytes, requireFile } from './data-file.ts';

/*
 * The format of MNIST, as described on its page by LeCun, Cortes and Burges: two zero bytes, the type
 * of the values, the number of axes, the length of each axis in 4 bytes, the values. Everything has
 * the highest byte first.
 */

const types: Readonly<Record<number, StoredDtype>> = {
  0x08: { dtype: 'uint8', bytesPerValue: 1, littleEndian: false },
  0x09: { dtype: 'int8', bytesPerValue: 1, littleEndian: false },
  0x0b: { dtype: 'int16', bytesPerValue: 2, littleEndian: false },
  0x0c: { dtype: 'int32', bytesPerValue: 4, littleEndian: false },
  0x0d: { dtype: 'float32', bytesPerValue: 4, littleEndian: false },
  0x0e: { dtype: 'float64', bytesPerValue: 8, littleEndian: false },
};

const unzip = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/** A gzipped file is inflated into memory: more than this is refused. */
const maximumInflatedBytes = 2 ** 31;

/**
 * Opens an IDX file, plain or gzipped. Of a plain one only the rows asked for are read.
 *
 * @throws DataError `data/not-found`, `data/not-downloaded`, `data/not-idx`, `data/truncated`,
 *   `data/corrupt`
 */
export async function openIdx(path: string): Promise<NumpyArray> {
  const source = await openSource(path);
  const [start = new Uint8Array()] = await source.read([[0, 4]]);
  const [zero, alsoZero, type = -1, axisCount = 0] = start;
  const stored = types[type];
  if (start.length < 4 || zero !== 0 || alsoZero !== 0 || stored === undefined) {
    throw notIdx(path, start);
  }
  const dataOffset = 4 + 4 * axisCount;
  const [axes = new Uint8Array()] = await source.read([[4, dataOffset]]);
  if (axes.length < 4 * axisCount) throw wrongLength(path, dataOffset, source.length);
  const view = new DataView(axes.buffer, axes.byteOffset, axes.byteLength);
  const shape = Array.from({ length: axisCount }, (_, axis) => view.getUint32(4 * axis));

  const expected = dataOffset + sizeOf(shape) * stored.bytesPerValue;
  if (source.length !== expected) throw wrongLength(path, expected, source.length);
  return arrayIn(source, { stored, fortranOrder: false, shape, dataOffset });
}

async function openSource(path: string): Promise<ByteSource> {
  const { bytes } = await requireFile(path);
  const [first, second] = await readFirstBytes(path, 2);
  const gzipped = first === 0x1f && second === 0x8b;
  if (!gzipped) return fileSource(path, 0, bytes);
  try {
    return memorySource(
      await unzip(await readFile(path), { maxOutputLength: maximumInflatedBytes }),
    );
  } catch (error) {
    throw new DataError('data/corrupt', 'The gzip archive is damaged or incomplete.', {
      place: { file: path },
      remedy: 'Download it again.',
      cause: error,
    });
  }
}

function notIdx(path: string, start: Uint8Array): DataError {
  const found = [...start].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
  return new DataError(
    'data/not-idx',
    `This is not an IDX file: it begins with ${found === '' ? 'nothing' : found}, not with 00 00 and a type.`,
    { place: { file: path }, remedy: 'Check the format of the data in the configuration.' },
  );
}

function wrongLength(path: string, expected: number, found: number): DataError {
  return new DataError(
    found < expected ? 'data/truncated' : 'data/corrupt',
    `The file holds ${found} bytes, but its header asks for ${expected}.`,
    {
      place: { file: path },
      remedy: 'It was not copied or downloaded completely: fetch it again.',
    },
  );
}
