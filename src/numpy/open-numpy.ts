import { stat } from 'node:fs/promises';
import { fileSource } from './byte-source.ts';
import { openArray, type NumpyArray } from './numpy-array.ts';
import { NumpyError } from './numpy-error.ts';
import { openZipEntry, readZipDirectory } from './zip-archive.ts';

/** An `.npz` archive: named arrays. */
export interface NpzArchive {
  readonly path: string;
  /** Names of the arrays, as `numpy.savez` was given them. */
  readonly names: readonly string[];
  /**
   * Opens an array. Rows are read from the file when they are asked for; an array that is compressed
   * is inflated once, here.
   *
   * @throws NumpyError `numpy/array-missing`, `numpy/corrupt`, `numpy/unsupported`
   */
  array(name: string): Promise<NumpyArray>;
}

/**
 * Opens a `.npy` file; rows are read when they are asked for.
 *
 * @throws NumpyError `numpy/not-found`, `numpy/not-numpy`, `numpy/corrupt`, `numpy/unsupported`
 */
export async function openNpy(path: string): Promise<NumpyArray> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) {
    throw new NumpyError('numpy/not-found', 'There is no such file.', { place: { file: path } });
  }
  return openArray(fileSource(path, 0, stats.size), { file: path });
}

/**
 * Opens an `.npz` archive, stored or compressed.
 *
 * @throws NumpyError `numpy/not-found`, `numpy/not-numpy`, `numpy/corrupt`
 */
export async function openNpz(path: string): Promise<NpzArchive> {
  const entries = (await readZipDirectory(path)).filter(({ name }) => name.endsWith('.npy'));
  const byName = new Map(entries.map(entry => [entry.name.slice(0, -'.npy'.length), entry]));
  const names = [...byName.keys()];
  return {
    path,
    names,
    array: async name => {
      const entry = byName.get(name);
      if (entry === undefined) {
        throw new NumpyError('numpy/array-missing', `The archive has no array ${name}.`, {
          place: { file: path, field: name },
          remedy: `Name one that it has: ${names.join(', ')}.`,
        });
      }
      return openArray(await openZipEntry(path, entry), { file: path, field: name });
    },
  };
}
