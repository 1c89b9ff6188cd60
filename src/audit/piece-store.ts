import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openNpz } from '../numpy/open-numpy.ts';
import { writeNpz } from '../numpy/write-numpy.ts';
import { makeFolder } from './atomic-file.ts';
import type { PieceOutput } from './piece.ts';
import type { NamedArrays } from './array-layout.ts';
import { decodePiece, encodePiece } from './piece-arrays.ts';

/** Most bytes of finished pieces that are kept; the least recently written go first. */
const limitBytes = 2 * 1024 ** 3;

/** A file that has been unfinished for so long belongs to no process that still writes. */
const unfinishedMilliseconds = 10 * 60_000;

/**
 * Finished pieces on disk, by key: what was computed once is never computed again, whether the
 * audit was cancelled, killed, or run with one attack more.
 */
export class PieceStore {
  readonly #folder: string;

  /** @param folder absolute; made when the first piece is kept */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The output of a piece, or undefined when it is not there or not whole. */
  async load(key: string): Promise<PieceOutput | undefined> {
    // A piece that is missing or damaged is simply computed again.
    return await readAll(this.#path(key))
      .then(decodePiece)
      .catch(() => undefined);
  }

  /** @throws AuditError `audit/cannot-write`; NumpyError `numpy/no-space`, `numpy/not-written` */
  async save(key: string, output: PieceOutput): Promise<void> {
    await makeFolder(this.#folder);
    await writeNpz(this.#path(key), encodePiece(output));
  }

  /**
   * Removes the oldest pieces beyond the limit, and parts that a killed process has left. Never fails:
   * another audit may keep its pieces in the same folder and tidy up at the same time, and a folder
   * that cannot be tidied is no reason to lose a report.
   */
  async prune(limit = limitBytes): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(
      names.map(async name => {
        const path = join(this.#folder, name);
        const status = await stat(path).catch(() => undefined);
        return status === undefined ? [] : [{ path, size: status.size, written: status.mtimeMs }];
      }),
    );
    const files = found.flat().toSorted((a, b) => b.written - a.written);
    let kept = 0;
    for (const { path, size, written } of files) {
      const abandoned = path.endsWith('.tmp') && Date.now() - written > unfinishedMilliseconds;
      if (!abandoned) kept += size;
      if (abandoned || kept > limit) await rm(path, { force: true }).catch(() => undefined);
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.npz`);
  }
}

async function readAll(path: string): Promise<NamedArrays> {
  const archive = await openNpz(path);
  const arrays = await Promise.all(
    archive.names.map(async name => {
      const array = await archive.array(name);
      return [name, await array.readRows(0, array.rowCount)] as const;
    }),
  );
  return new Map(arrays);
}
