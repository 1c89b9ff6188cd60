import { Random } from '../random/random.ts';

export interface SampleSelection {
  /** `first`: as they come. `random`: a seeded order of the whole set. */
  readonly rule: 'random' | 'first';
  readonly seed: number;
  /** Samples that must not be taken, for example those of another selection. */
  readonly exclude?: Iterable<number>;
}

/**
 * Chooses samples of a data set. With one rule and seed, a smaller selection is the beginning of a
 * larger one, and selections that exclude each other are disjoint.
 *
 * @param available number of samples in the set
 * @param count number of samples wanted
 * @returns indices in the order of the rule; fewer than `count` when there are not enough
 */
export function selectSamples(
  available: number,
  count: number,
  { rule, seed, exclude = [] }: SampleSelection,
): number[] {
  const excluded = new Set(exclude);
  const order =
    rule === 'first'
      ? Uint32Array.from({ length: available }, (_, i) => i)
      : new Random(seed, ['sample-selection']).permutation(available);
  return [...order].filter(index => !excluded.has(index)).slice(0, count);
}
