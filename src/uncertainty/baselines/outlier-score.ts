import type { Batch } from '../../arrays/batch.ts';
import { UncertaintyError } from '../uncertainty-error.ts';
import { counted } from '../../wording/counted.ts';

/** What a model makes of some inputs; computed once and shared by all scores. */
export interface Observations {
  readonly inputs: Batch;
  /** `[count, classes]` */
  readonly logits: Batch;
  /** What the last layer is applied to, `[count, features]`. */
  readonly features: Batch;
}

/** Observations of clean inputs, to fit a score on and for nothing else. */
export type FittingObservations = Omit<Observations, 'inputs'>;

/** The same with their labels. */
export interface LabelledObservations extends FittingObservations {
  /** `[count]`, class indices. */
  readonly labels: ArrayLike<number>;
}

/** A number for each sample, higher = further out of distribution. */
export interface OutlierScore {
  /** For the report, for example `energy`. */
  readonly name: string;
  /** Every hyper-parameter, as the report prints it. */
  readonly settings: Readonly<Record<string, number>>;
  /** @returns `[count]` */
  score(observed: Observations): Float64Array | Promise<Float64Array>;
}

/** A value for each row of a batch. */
export function forEachRow(batch: Batch, value: (row: Float32Array) => number): Float64Array {
  return Float64Array.from({ length: batch.count }, (_, sample) => value(batch.row(sample)));
}

/** Refuses to fit a score on fewer samples than it needs. */
export function requireSamples(name: string, count: number, needed: number): void {
  if (count >= needed) return;
  throw new UncertaintyError(
    'uncertainty/too-few-samples',
    `The score ${name} needs at least ${counted(needed, 'sample')} to be fitted on, and has ${count}.`,
    { remedy: 'Set aside more clean samples, or leave this score out.' },
  );
}
