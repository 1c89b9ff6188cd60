import { join } from 'node:path';
import { reportFileName, type AuditReport } from '../report/audit-report.ts';
import { readMarks, withMarks } from '../report/adversary-marks.ts';
import { writeNpz, type WritableArray } from '../numpy/write-numpy.ts';
import { makeFolder, writeAtomically } from './atomic-file.ts';
import { inputBytes, type ConditionResults } from './condition-results.ts';
import type { GrowingReport } from './growing-report.ts';
import { picturesFileName } from './manifold-summary.ts';
import type { AnsweredInputs } from './piece.ts';

/** Least milliseconds between two writes of a report that grows. */
const interval = 700;
/**
 * How much longer than a write the pause after it is, at least: the report of thousands of samples takes
 * a second to write, which is taken from the threads that compute.
 */
const pauseRatio = 9;
/** Arrays up to this size are written again with each piece, larger ones when they are complete. */
const growingArrayBytes = 32 * 1024 ** 2;

/** Writes report and arrays while they grow, one write at a time, never a half-written file. */
export class ReportWriter {
  readonly path: string;
  readonly #folder: string;
  readonly #report: GrowingReport;
  readonly #onWritten: (path: string) => void;
  readonly #dirty = new Set<ConditionResults>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #hasPictures = false;
  #lastCost = 0;

  constructor(folder: string, report: GrowingReport, onWritten: (path: string) => void) {
    this.path = join(folder, reportFileName);
    this.#folder = folder;
    this.#report = report;
    this.#onWritten = onWritten;
  }

  /** A condition has grown: the report is written soon. @throws AuditError of an earlier write */
  grown(results: ConditionResults): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (results.state === 'finished' || inputBytes(results) <= growingArrayBytes) {
      this.#dirty.add(results);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#enqueue('running');
    }, this.#pause());
  }

  /** Writes the last version. @throws AuditError `audit/cannot-write` */
  async finish(state: AuditReport['state']): Promise<AuditReport> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const results of this.#report.conditions) {
      if (results.finished > 0 && results.state !== 'finished') this.#dirty.add(results);
    }
    this.#enqueue(state);
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    return await this.#build(state);
  }

  #pause(): number {
    return Math.max(interval, pauseRatio * this.#lastCost);
  }

  /** With what people have said of its adversaries; marks that cannot be read do not end an audit. */
  async #build(state: AuditReport['state']): Promise<AuditReport> {
    return withMarks(this.#report.build(state), await readMarks(this.#folder).catch(() => []));
  }

  /** Pictures of what the manifold holds, once. */
  async #writePictures(): Promise<void> {
    const { illustration } = this.#report;
    if (illustration === undefined || this.#hasPictures) return;
    this.#hasPictures = true;
    const { shape } = this.#report.condition('clean').inputs;
    const { random, ways } = illustration;
    const array = ({ inputs, predictions }: AnsweredInputs): WritableArray => ({
      values: inputs,
      shape: [predictions.length, ...shape],
    });
    await makeFolder(this.#folder);
    await writeNpz(join(this.#folder, picturesFileName), {
      random: array(random),
      ways: array(ways),
    });
  }

  #enqueue(state: AuditReport['state']): void {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#write(state);
      } catch (error) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      }
    });
  }

  async #write(state: AuditReport['state']): Promise<void> {
    const began = performance.now();
    for (const results of [...this.#dirty]) {
      this.#dirty.delete(results);
      await this.#writeArrays(results);
    }
    await this.#writePictures();
    const report = await this.#build(state);
    await writeAtomically(this.path, `${JSON.stringify(report, null, 1)}\n`);
    this.#lastCost = performance.now() - began;
    this.#onWritten(this.path);
  }

  /**
   * `inputs`, `logits`, `labels`, `indices`, every score (`score mutual-information`, …) and, of
   * pictures, every `reconstruction` of one condition, readable by numpy.
   */
  async #writeArrays(results: ConditionResults): Promise<void> {
    const { id, indices } = results.plan;
    const name = `${id.replaceAll(/[^\w.-]/g, '-')}.npz`;
    const count = indices.length;
    await makeFolder(this.#folder);
    await writeNpz(join(this.#folder, name), {
      inputs: { values: results.inputs.values, shape: [count, ...results.inputs.shape] },
      logits: { values: results.logits.values, shape: [count, ...results.logits.shape] },
      labels: { values: results.labels, shape: [count] },
      indices: { values: Int32Array.from(indices), shape: [count] },
      ...Object.fromEntries(
        [...results.scores.columns].map(([score, values]) => [
          `score ${score}`,
          { values, shape: [count] },
        ]),
      ),
      ...Object.fromEntries(
        [...results.reconstructions].map(([method, values]) => [
          method,
          { values, shape: [count, ...results.inputs.shape] },
        ]),
      ),
    });
    this.#report.setArrays(id, name);
  }
}
