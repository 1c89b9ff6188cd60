import type { NpzArchive } from '../numpy/open-numpy.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { openBesideReport, rowsOfSamples } from '../report/report-arrays.ts';

type Part = Pick<AuditReport, 'samples' | 'arrays'>;

/** Pictures of one sample, float32 in input units. */
export interface SamplePictures {
  /** By condition id. */
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** Reconstructions by condition id and by the name of the correction. */
  readonly reconstructions: Readonly<Record<string, Readonly<Record<string, Float32Array>>>>;
}

/** Corrections whose pictures an audit keeps. */
const reconstructionNames = ['reconstruction', 'refined-reconstruction'] as const;

/**
 * Inputs of one sample under each condition that is finished for it, and their reconstructions. Only
 * its own rows are read: the arrays of a report may be far larger than memory.
 *
 * @param reportPath absolute path of the report; arrays elsewhere than beside it are not read
 * @param index index of the sample in the data set
 * @returns a condition whose array cannot be read is left out
 */
export async function readPictures(
  reportPath: string,
  { samples, arrays }: Part,
  index: number,
): Promise<SamplePictures> {
  const sample = samples.find(candidate => candidate.index === index);
  const finished = Object.keys(sample?.conditions ?? {});
  const rows = await Promise.all(
    finished.map(async condition => {
      const name = arrays[condition];
      return [
        condition,
        name === undefined ? undefined : await readRows(reportPath, name, index),
      ] as const;
    }),
  );
  const known = rows.flatMap(([condition, found]) =>
    found === undefined ? [] : [{ condition, ...found }],
  );
  return {
    inputs: Object.fromEntries(known.map(({ condition, input }) => [condition, input])),
    reconstructions: Object.fromEntries(
      known.map(({ condition, reconstructions }) => [condition, reconstructions]),
    ),
  };
}

async function readRows(
  reportPath: string,
  name: string,
  index: number,
): Promise<
  { input: Float32Array; reconstructions: Readonly<Record<string, Float32Array>> } | undefined
> {
  try {
    const archive = await openBesideReport(reportPath, name);
    if (archive === undefined) return undefined;
    const [row] = await rowsOfSamples(archive, [index]);
    if (row === undefined || row === -1) return undefined;
    const kept = reconstructionNames.filter(method => archive.names.includes(method));
    return {
      input: await readRow(archive, 'inputs', row),
      reconstructions: Object.fromEntries(
        await Promise.all(
          kept.map(async method => [method, await readRow(archive, method, row)] as const),
        ),
      ),
    };
  } catch {
    // A running audit is about to write it again: the panel asks again with the next snapshot.
    return undefined;
  }
}

async function readRow(archive: NpzArchive, name: string, row: number): Promise<Float32Array> {
  return Float32Array.from(await (await archive.array(name)).gatherRows([row]));
}
