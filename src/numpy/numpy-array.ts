import { sizeOf } from '../arrays/batch.ts';
import type { ByteRange, ByteSource } from './byte-source.ts';
import { decodeValues, type NumpyDtype, type NumpyValues } from './dtype.ts';
import { npyHeaderLength, parseNpyHeader, type NpyHeader } from './npy-header.ts';
import { NumpyError } from './numpy-error.ts';

/** Where an array stands, for messages. */
export interface ArrayPlace {
  readonly file: string;
  /** Name of the array in an archive. */
  readonly field?: string;
}

/** An array of NumPy, read by rows (along its first axis) when asked. */
export interface NumpyArray {
  readonly shape: readonly number[];
  readonly dtype: NumpyDtype;
  /** Length of the first axis; 1 for a single number. */
  readonly rowCount: number;
  /** Values in one row. */
  readonly rowSize: number;
  /**
   * Reads rows `start` to `end` (exclusive), row-major whatever the order on disk.
   *
   * @throws RangeError for rows that there are not
   */
  readRows(start: number, end: number): Promise<NumpyValues>;
  /** Reads the rows at these indices, in that order. */
  gatherRows(indices: readonly number[]): Promise<NumpyValues>;
}

/**
 * Opens an array in the `.npy` format.
 *
 * @throws NumpyError `numpy/not-numpy`, `numpy/corrupt`, `numpy/unsupported`
 */
export async function openArray(source: ByteSource, place: ArrayPlace): Promise<NumpyArray> {
  const [firstBytes = new Uint8Array()] = await source.read([[0, 12]]);
  const headerLength = npyHeaderLength(firstBytes);
  if (headerLength === undefined) {
    throw new NumpyError('numpy/not-numpy', 'This is not an array of NumPy.', {
      place,
      remedy: 'Save the array with numpy.save or numpy.savez.',
    });
  }
  const [bytes = new Uint8Array()] = await source.read([[0, headerLength]]);
  const header = parseNpyHeader(bytes, place);
  const expected = header.dataOffset + sizeOf(header.shape) * header.stored.bytesPerValue;
  if (source.length < expected) {
    throw new NumpyError(
      'numpy/corrupt',
      `The array of shape [${header.shape.join(', ')}] takes ${expected} bytes, but there are ${source.length}.`,
      { place, remedy: 'The file was not written or copied completely: make it again.' },
    );
  }
  return arrayIn(source, header);
}

/** An array whose header is known already, in a source that holds all of it. */
export function arrayIn(source: ByteSource, header: NpyHeader): NumpyArray {
  const inFortranOrder = header.fortranOrder && header.shape.length > 1;
  return inFortranOrder ? new FortranArray(source, header) : new RowMajorArray(source, header);
}

abstract class StoredArray implements NumpyArray {
  readonly shape: readonly number[];
  readonly dtype: NumpyDtype;
  readonly rowCount: number;
  readonly rowSize: number;
  protected readonly header: NpyHeader;
  protected readonly source: ByteSource;

  constructor(source: ByteSource, header: NpyHeader) {
    this.source = source;
    this.header = header;
    this.shape = header.shape;
    this.dtype = header.stored.dtype;
    this.rowCount = header.shape[0] ?? 1;
    this.rowSize = sizeOf(header.shape.slice(1));
  }

  abstract gatherRows(indices: readonly number[]): Promise<NumpyValues>;

  readRows(start: number, end: number): Promise<NumpyValues> {
    return this.gatherRows(Array.from({ length: end - start }, (_, i) => start + i));
  }

  protected checkRows(indices: readonly number[]): void {
    const outside = indices.find(
      index => !Number.isInteger(index) || index < 0 || index >= this.rowCount,
    );
    if (outside === undefined) return;
    throw new RangeError(`there is no row ${outside} among ${this.rowCount}`);
  }
}

/** Rows lie one after another: only those asked for are read. */
class RowMajorArray extends StoredArray {
  async gatherRows(indices: readonly number[]): Promise<NumpyValues> {
    this.checkRows(indices);
    const { stored, dataOffset } = this.header;
    const rowBytes = this.rowSize * stored.bytesPerValue;
    const ranges: ByteRange[] = runsOf(indices).map(([first, last]) => [
      dataOffset + first * rowBytes,
      dataOffset + last * rowBytes,
    ]);
    const parts = await this.source.read(ranges);
    return decodeValues(Buffer.concat(parts), stored);
  }
}

/** Rows are spread over the whole file: it is read once and kept. */
class FortranArray extends StoredArray {
  #values: Promise<NumpyValues> | undefined;

  async gatherRows(indices: readonly number[]): Promise<NumpyValues> {
    this.checkRows(indices);
    this.#values ??= this.#readAll();
    const values = await this.#values;
    const steps = fortranSteps(this.shape);
    const container = values.constructor as new (length: number) => NumpyValues;
    const result = new container(indices.length * this.rowSize);
    let target = 0;
    for (const row of indices) {
      for (const step of steps) result[target++] = values[row + step] as number;
    }
    return result;
  }

  async #readAll(): Promise<NumpyValues> {
    const { stored, dataOffset } = this.header;
    const end = dataOffset + sizeOf(this.shape) * stored.bytesPerValue;
    const parts = await this.source.read([[dataOffset, end]]);
    return decodeValues(Buffer.concat(parts), stored);
  }
}

/** Joins neighbouring indices into runs of [first, behind last]. */
function runsOf(indices: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run?.[1] === index) run[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

/** Offset of each value of row 0, in row-major order, where the first axis runs fastest. */
function fortranSteps(shape: readonly number[]): readonly number[] {
  let steps = [0];
  let stride = shape[0] ?? 1;
  for (const length of shape.slice(1)) {
    const axisStride = stride;
    steps = steps.flatMap(step => Array.from({ length }, (_, i) => step + i * axisStride));
    stride *= length;
  }
  return steps;
}
