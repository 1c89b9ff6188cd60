import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { sizeOf } from '../arrays/batch.ts';
import type { NumpyValues } from './dtype.ts';
import { formatNpyHeader } from './npy-header.ts';
import { NumpyError } from './numpy-error.ts';

/** An array to be written, row-major. */
export interface WritableArray {
  readonly shape: readonly number[];
  readonly values: NumpyValues;
}

/**
 * Writes a `.npy` file: all of it or nothing.
 *
 * @throws NumpyError `numpy/no-space`, `numpy/not-written`
 */
export async function writeNpy(path: string, array: WritableArray): Promise<void> {
  await writeWhole(path, async file => {
    for (const part of npyParts(array)) await file.writeFile(part);
  });
}

/**
 * Writes an `.npz` archive without compression, so that rows can be read by seeking: all of it or
 * nothing. The same arrays make the same bytes, at any time.
 *
 * @param arrays by name
 * @throws NumpyError `numpy/no-space`, `numpy/not-written`
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, WritableArray>>,
): Promise<void> {
  await writeWhole(path, async file => {
    const directory: Uint8Array[] = [];
    let offset = 0;
    const write = async (bytes: Uint8Array): Promise<void> => {
      await file.writeFile(bytes);
      offset += bytes.length;
      refuseTooLong(offset, path);
    };
    for (const [name, array] of Object.entries(arrays)) {
      const parts = npyParts(array);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      refuseTooLong(length, path);
      const entry: StoredEntry = {
        name: Buffer.from(`${name}.npy`, 'utf8'),
        crc: parts.reduce((crc, part) => crc32(part, crc), 0),
        length,
        offset,
      };
      await write(localHeader(entry));
      for (const part of parts) await write(part);
      directory.push(directoryEntry(entry));
    }
    const directoryBytes = Buffer.concat(directory);
    const end = endRecord(directory.length, directoryBytes.length, offset);
    await write(directoryBytes);
    await write(end);
  });
}

function npyParts({ shape, values }: WritableArray): Uint8Array[] {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`${values.length} values do not fill shape [${shape.join(', ')}]`);
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [formatNpyHeader(values, shape), bytes];
}

interface StoredEntry {
  readonly name: Buffer;
  readonly crc: number;
  readonly length: number;
  readonly offset: number;
}

const zipVersion = 20;
/** Names are UTF-8. */
const utf8Flag = 0x800;
/** 1 January 1980, the first day of the format: files do not depend on when they are made. */
const firstDay = 0x21;

function localHeader({ name, crc, length }: StoredEntry): Uint8Array {
  const header = Buffer.alloc(30 + name.length);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(zipVersion, 4);
  header.writeUInt16LE(utf8Flag, 6);
  header.writeUInt16LE(firstDay, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(length, 18);
  header.writeUInt32LE(length, 22);
  header.writeUInt16LE(name.length, 26);
  name.copy(header, 30);
  return header;
}

function directoryEntry({ name, crc, length, offset }: StoredEntry): Uint8Array {
  const entry = Buffer.alloc(46 + name.length);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(zipVersion, 4);
  entry.writeUInt16LE(zipVersion, 6);
  entry.writeUInt16LE(utf8Flag, 8);
  entry.writeUInt16LE(firstDay, 14);
  entry.writeUInt32LE(crc, 16);
  entry.writeUInt32LE(length, 20);
  entry.writeUInt32LE(length, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt32LE(offset, 42);
  name.copy(entry, 46);
  return entry;
}

function endRecord(count: number, directoryLength: number, directoryStart: number): Uint8Array {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directoryLength, 12);
  end.writeUInt32LE(directoryStart, 16);
  return end;
}

function refuseTooLong(length: number, path: string): void {
  if (length < 0xffffffff) return;
  throw new NumpyError('numpy/not-written', 'The arrays take more than 4 GiB.', {
    place: { file: path },
    remedy: 'Write fewer samples into one file.',
  });
}

/** Writes beside the target and renames, so that a reader sees the old file or the new one. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asWriteError(error, path);
  }
}

function asWriteError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof NumpyError) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new NumpyError('numpy/no-space', 'There is no space left on the disk.', {
      place: { file: path },
      remedy: 'Free some space and run again; nothing was overwritten.',
      cause: error,
    });
  }
  return new NumpyError('numpy/not-written', `The file cannot be written: ${error.message}.`, {
    place: { file: path },
    cause: error,
  });
}
