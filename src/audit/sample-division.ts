import { Random } from '../random/random.ts';

/** How many samples are audited, and how they are chosen. */
export interface SampleSelection {
  readonly count: number;
  readonly selection: 'random' | 'first';
}

/** Indices in the data set for three uses that share no sample. */
export interface SampleDivision {
  /** Audited: what scores are measured on. */
  readonly samples: readonly number[];
  /** The separate clean set: relative values refer to it, and thresholds are set on it. */
  readonly baseline: readonly number[];
  /** What scores and the Laplace approximation are fitted on. */
  readonly fit: readonly number[];
}

/** What a data set and a configuration say about its division. */
export interface DivisionRequest extends SampleSelection {
  /** Samples in the data set, and its fingerprint, which the random choice depends on. */
  readonly dataCount: number;
  readonly dataFingerprint: string;
  /** Samples to fit on at most; 0 when they come from elsewhere. */
  readonly fit: number;
  readonly seed: number;
}

/**
 * Divides a data set: first the audited samples, then as many for the separate clean set, then what
 * is fitted on. Where there is too little, the later ones get less. Plan and tensor threads call it
 * with the same request and so agree.
 */
export function divideSamples(request: DivisionRequest): SampleDivision {
  const { count, selection, dataCount, dataFingerprint, fit, seed } = request;
  const order =
    selection === 'first'
      ? Uint32Array.from({ length: dataCount }, (_, i) => i)
      : new Random(seed, ['sample-selection', dataFingerprint]).permutation(dataCount);
  return {
    samples: [...order.subarray(0, count)],
    baseline: [...order.subarray(count, 2 * count)],
    fit: [...order.subarray(2 * count, 2 * count + fit)],
  };
}
