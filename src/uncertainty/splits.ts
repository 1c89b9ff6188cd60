import { Random } from '../random/random.ts';

/** Samples for three uses that must not share any. */
export interface Splits {
  /** What a score is fitted on. */
  readonly fit: readonly number[];
  /** What its threshold is set on. */
  readonly threshold: readonly number[];
  /** What it is measured on. */
  readonly test: readonly number[];
}

/**
 * Divides samples into three disjoint sets by a random order of the seed.
 *
 * @param shares of fit and threshold, each in [0, 1]; the rest is for the test
 */
export function splitSamples(
  indices: readonly number[],
  shares: { readonly fit: number; readonly threshold: number },
  seed: number,
): Splits {
  const distinct = [...new Set(indices)].sort((a, b) => a - b);
  const order = new Random(seed, ['splits']).permutation(distinct.length);
  const shuffled = Array.from(order, position => distinct[position] as number);
  const fitEnd = Math.round(shares.fit * distinct.length);
  const thresholdEnd = fitEnd + Math.round(shares.threshold * distinct.length);
  return {
    fit: shuffled.slice(0, fitEnd),
    threshold: shuffled.slice(fitEnd, thresholdEnd),
    test: shuffled.slice(thresholdEnd),
  };
}
