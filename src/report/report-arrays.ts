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
