import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { fileSource, memorySource, type ByteSource } from './byte-source.ts';
import { NumpyError } from './numpy-error.ts';

/*
 * The format is described in PKWARE's APPNOTE.TXT: files one after another, then a directory of
 * them, then the end record that says where the directory is. Sizes and offsets of 32 bits hold
 * 0xffffffff where the real ones stand in an extra field of 64 bits (zip64).
 */

/** One file in an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly compression: number;
  readonly compressedLength: number;
  readonly length: number;
  readonly crc: number;
  /** Position of the local header. */
  readonly offset: number;
}

const signature = {
  localHeader: 0x04034b50,
  directoryEntry: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64EndLocator: 0x07064b50,
} as const;

const endLength = 22;
const maximumCommentLength = 65535;
const zip64 = 0xffffffff;
const zip64ExtraField = 1;
const stored = 0;
const deflated = 8;

/** An inflated array is kept in memory: more than this is refused. */
const maximumInflatedBytes = 2 ** 31;

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);

/**
 * Reads the directory of a zip archive.
 *
 * @throws NumpyError `numpy/not-found`, `numpy/not-numpy`, `numpy/corrupt`
 */
export async function readZipDirectory(path: string): Promise<readonly ZipEntry[]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) {
    throw new NumpyError('numpy/not-found', 'There is no such file.', { place: { file: path } });
  }
  const source = fileSource(path, 0, stats.size);
  const { start, length } = await findDirectory(source, path);
  if (start + length > source.length) throw corrupt(path);
  return parseDirectory(await readExactly(source, start, length, path), path);
}

/**
 * Opens the content of an entry: in the file where it is stored as it is, in memory where it had to
 * be inflated.
 *
 * @throws NumpyError `numpy/corrupt`, `numpy/unsupported`
 */
export async function openZipEntry(path: string, entry: ZipEntry): Promise<ByteSource> {
  const { size } = await stat(path);
  const file = fileSource(path, 0, size);
  const header = viewOf(await readExactly(file, entry.offset, 30, path));
  if (header.getUint32(0, true) !== signature.localHeader) throw corrupt(path, entry);
  const start = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.compressedLength > size) throw corrupt(path, entry);

  if (entry.compression === stored) return fileSource(path, start, entry.length);
  if (entry.compression !== deflated || entry.length > maximumInflatedBytes) {
    throw new NumpyError(
      'numpy/unsupported',
      entry.compression === deflated
        ? `The array takes ${entry.length} bytes when it is inflated; at most ${maximumInflatedBytes} are read.`
        : `The archive is compressed by method ${entry.compression}, which is not read here.`,
      { place: { file: path, field: entry.name }, remedy: 'Save it with numpy.savez.' },
    );
  }
  const compressed = await readExactly(file, start, entry.compressedLength, path);
  return memorySource(await inflateEntry(compressed, entry, path));
}

async function inflateEntry(
  compressed: Uint8Array,
  entry: ZipEntry,
  path: string,
): Promise<Uint8Array> {
  try {
    // One byte more than promised is enough to notice an entry that is longer.
    const bytes = await inflate(compressed, { maxOutputLength: entry.length + 1 });
    if (bytes.length === entry.length && crc32(bytes) === entry.crc) return bytes;
  } catch (error) {
    throw corrupt(path, entry, error);
  }
  throw corrupt(path, entry);
}

interface DirectoryPlace {
  readonly start: number;
  readonly length: number;
}

async function findDirectory(source: ByteSource, path: string): Promise<DirectoryPlace> {
  const tailLength = Math.min(source.length, endLength + maximumCommentLength);
  const tailStart = source.length - tailLength;
  const tail = viewOf(await readExactly(source, tailStart, tailLength, path));
  for (let at = tailLength - endLength; at >= 0; at--) {
    if (tail.getUint32(at, true) !== signature.end) continue;
    const place = { length: tail.getUint32(at + 12, true), start: tail.getUint32(at + 16, true) };
    const isZip64 = place.start === zip64 || place.length === zip64;
    return isZip64 ? await findZip64Directory(source, tailStart + at, path) : place;
  }
  const [firstBytes = new Uint8Array()] = await source.read([[0, 4]]);
  const beginsAsZip =
    firstBytes.length === 4 && viewOf(firstBytes).getUint32(0, true) === signature.localHeader;
  if (beginsAsZip) throw corrupt(path);
  throw new NumpyError('numpy/not-numpy', 'This is not an archive of NumPy: it is no zip file.', {
    place: { file: path },
    remedy: 'Save the arrays with numpy.savez.',
  });
}

async function findZip64Directory(
  source: ByteSource,
  end: number,
  path: string,
): Promise<DirectoryPlace> {
  const locator = viewOf(await readExactly(source, end - 20, 20, path));
  if (locator.getUint32(0, true) !== signature.zip64EndLocator) throw corrupt(path);
  const record = viewOf(await readExactly(source, read64(locator, 8), 56, path));
  if (record.getUint32(0, true) !== signature.zip64End) throw corrupt(path);
  return { length: read64(record, 40), start: read64(record, 48) };
}

function parseDirectory(bytes: Uint8Array, path: string): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + 46 <= bytes.length) {
    if (view.getUint32(at, true) !== signature.directoryEntry) throw corrupt(path);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw corrupt(path);
    const name = Buffer.from(bytes.subarray(at + 46, at + 46 + nameLength)).toString('utf8');
    const extraStart = at + 46 + nameLength;
    const extra = bytes.subarray(extraStart, extraStart + extraLength);
    const [length, compressedLength, offset] = widen(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      extra,
    );
    entries.push({
      name,
      compression: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      length,
      compressedLength,
      offset,
    });
    at = next;
  }
  return entries;
}

/** Takes those of the sizes that do not fit 32 bits from the zip64 field, where they follow in order. */
function widen(
  sizes: readonly [number, number, number],
  extra: Uint8Array,
): [length: number, compressedLength: number, offset: number] {
  const view = viewOf(extra);
  let field = 0;
  while (field + 4 <= extra.length && view.getUint16(field, true) !== zip64ExtraField) {
    field += 4 + view.getUint16(field + 2, true);
  }
  let at = field + 4;
  const [length, compressedLength, offset] = sizes.map(size => {
    if (size !== zip64 || at + 8 > extra.length) return size;
    at += 8;
    return read64(view, at - 8);
  });
  return [length as number, compressedLength as number, offset as number];
}

function read64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function readExactly(
  source: ByteSource,
  start: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
  if (start < 0 || start + length > source.length) throw corrupt(path);
  const [bytes = new Uint8Array()] = await source.read([[start, start + length]]);
  if (bytes.length < length) throw corrupt(path);
  return bytes;
}

function corrupt(path: string, entry?: ZipEntry, cause?: unknown): NumpyError {
  return new NumpyError('numpy/corrupt', 'The zip archive is damaged or incomplete.', {
    place: { file: path, ...(entry === undefined ? {} : { field: entry.name }) },
    remedy: 'It was not written or copied completely: make it again.',
    cause,
  });
}
