import { basename, dirname, join } from 'node:path';

/**
 * How remarks name a model: a report is the same wherever it lies, and shows no folder of a machine.
 *
 * @param path of its `model.json`
 * @returns the name of the folder and of the file
 */
export function nameInRemarks(path: string): string {
  return join(basename(dirname(path)), basename(path));
}
