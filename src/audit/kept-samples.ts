import { Batch } from '../arrays/batch.ts';
import type { NpzArchive } from '../numpy/open-numpy.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { openBesideReport, rowsOfSamples } from '../report/report-arrays.ts';
import { ReportError } from '../report/report-error.ts';

/** Samples as one condition has made them. */
export interface KeptRows {
  readonly inputs: Batch;
  /** Where the audit has kept them. */
  readonly reconstructions: Batch | undefined;
}

/** The samples that an audit has kept beside its report, read when they are asked for. */
export class KeptSamples {
  readonly #reportPath: string;
  readonly #files: AuditReport['arrays'];
  readonly #shape: readonly number[];

  constructor(reportPath: string, { arrays }: AuditReport, shape: readonly number[]) {
    this.#reportPath = reportPath;
    this.#files = arrays;
    this.#shape = shape;
  }

  /**
   * Samples of a condition.
   *
   * @param indices in the data set
   * @throws ReportError `report/arrays-missing`
   */
  async rowsOf(condition: string, indices: readonly number[]): Promise<KeptRows> {
    const file = this.#files[condition] ?? `${condition}.npz`;
    return await this.#read(file, async archive => {
      const rows = await rowsOfSamples(archive, indices);
      const gather = async (name: string): Promise<Batch> => {
        const array = await archive.array(name);
        return new Batch(Float32Array.from(await array.gatherRows(rows)), this.#shape);
      };
      return {
        inputs: await gather('inputs'),
        reconstructions: archive.names.includes('reconstruction')
          ? await gather('reconstruction')
          : undefined,
      };
    });
  }

  /**
   * All samples of an array.
   *
   * @param file beside the report
   * @throws ReportError `report/arrays-missing`
   */
  async all(file: string, name: string): Promise<Batch> {
    return await this.#read(file, async archive => {
      const array = await archive.array(name);
      return new Batch(Float32Array.from(await array.readRows(0, array.rowCount)), this.#shape);
    });
  }

  async #read<Result>(
    file: string,
    use: (archive: NpzArchive) => Promise<Result>,
  ): Promise<Result> {
    let cause: unknown;
    try {
      const archive = await openBesideReport(this.#reportPath, file);
      if (archive !== undefined) return await use(archive);
    } catch (error) {
      cause = error;
    }
    throw new ReportError(
      'report/arrays-missing',
      `The arrays ${file} beside the report are missing or damaged.`,
      { place: { file: this.#reportPath }, remedy: 'Run the audit again.', cause },
    );
  }
}
