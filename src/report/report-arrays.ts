import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isInside } from '../config/resolve-config.ts';
import { openNpz, type NpzArchive } from '../numpy/open-numpy.ts';

/**
 * Opens an archive of arrays beside a report; undefined when it is not there, is being written, or
 * lies elsewhere: a report may come from anyone, and must not lead to other files.
 *
 * @param reportPath absolute path of the report
 * @param name as the report has it
 */
export async function openBesideReport(
  reportPath: string,
  name: string,
): Promise<NpzArchive | undefined> {
  try {
    const folder = await realpath(dirname(reportPath));
    const path = await realpath(join(folder, name));
    return isInside(path, folder) ? await openNpz(path) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The rows of an archive that hold samples.
 *
 * @param samples indices in the data set
 * @returns in the order of the samples, −1 where one is not in the archive
 */
export async function rowsOfSamples(
  archive: NpzArchive,
  samples: readonly number[],
): Promise<number[]> {
  const stored = await archive.array('indices');
  const order = await stored.readRows(0, stored.rowCount);
  const rows = new Map(Array.from(order, (sample, row) => [sample, row] as const));
  return samples.map(sample => rows.get(sample) ?? -1);
}
