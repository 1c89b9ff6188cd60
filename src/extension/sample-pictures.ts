import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isInside } from '../config/resolve-config.ts';
import { openNpz } from '../numpy/open-numpy.ts';
import type { AuditReport } from '../report/audit-report.ts';

type Part = Pick<AuditReport, 'samples' | 'arrays'>;

/**
 * Inputs of one sample under each condition that is finished for it, in input units. Only its own
 * rows are read: the arrays of a report may be far larger than memory.
 *
 * @param reportPath absolute path of the report; arrays elsewhere than beside it are not read
 * @param index index of the sample in the data set
 * @returns float32 values by condition id; a condition whose array cannot be read is left out
 */
export async function readPictures(
  reportPath: string,
  { samples, arrays }: Part,
  index: number,
): Promise<Record<string, Float32Array>> {
  const sample = samples.find(candidate => candidate.index === index);
  const finished = Object.keys(sample?.conditions ?? {});
  const pictures = await Promise.all(
    finished.map(async condition => {
      const name = arrays[condition];
      const values = name === undefined ? undefined : await readRow(reportPath, name, index);
      return values === undefined ? [] : [[condition, values] as const];
    }),
  );
  return Object.fromEntries(pictures.flat());
}

async function readRow(
  reportPath: string,
  name: string,
  index: number,
): Promise<Float32Array | undefined> {
  try {
    const folder = await realpath(dirname(reportPath));
    const path = await realpath(join(folder, name));
    if (!isInside(path, folder)) return undefined;
    const archive = await openNpz(path);
    const [inputs, indices] = await Promise.all([
      archive.array('inputs'),
      archive.array('indices'),
    ]);
    const row = (await indices.readRows(0, indices.rowCount)).indexOf(index);
    return row === -1 ? undefined : Float32Array.from(await inputs.gatherRows([row]));
  } catch {
    // A running audit is about to write it again: the panel asks again with the next snapshot.
    return undefined;
  }
}
