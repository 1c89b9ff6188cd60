import { open, stat } from 'node:fs/promises';
import { DataError } from './data-error.ts';
import {
  dvcCompanion,
  maximumPointerBytes,
  missingButTrackedByDvc,
  recognisePointer,
} from './pointer-file.ts';

/**
 * Makes sure that a file is there with its content, and tells its size.
 *
 * @throws DataError `data/not-found`, `data/not-downloaded`
 */
export async function requireFile(path: string): Promise<{ readonly bytes: number }> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) throw await notFound(path, 'There is no such file.');
  if (stats.size <= maximumPointerBytes) await refusePointer(path);
  return { bytes: stats.size };
}

/**
 * Makes sure that a folder is there.
 *
 * @throws DataError `data/not-found`, `data/not-downloaded`
 */
export async function requireFolder(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true) throw await notFound(path, 'There is no such folder.');
}

/** The first bytes of a file, fewer when it is shorter. */
export async function readFirstBytes(path: string, count: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function refusePointer(path: string): Promise<void> {
  const pointer = recognisePointer(await readFirstBytes(path, maximumPointerBytes));
  if (pointer === undefined) return;
  throw new DataError('data/not-downloaded', `The file is ${pointer.description}.`, {
    place: { file: path },
    remedy: pointer.remedy,
  });
}

async function notFound(path: string, message: string): Promise<DataError> {
  const place = { file: path };
  const tracked = await stat(dvcCompanion(path)).catch(() => undefined);
  if (tracked === undefined) {
    return new DataError('data/not-found', message, {
      place,
      remedy: 'Correct the path in the configuration.',
    });
  }
  return new DataError(
    'data/not-downloaded',
    `The data are ${missingButTrackedByDvc.description}.`,
    { place, remedy: missingButTrackedByDvc.remedy },
  );
}
