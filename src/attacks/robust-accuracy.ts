import type { Batch } from '../arrays/batch.ts';
import type { AttackOutcome, AttackResult, Norm } from './attack.ts';
import { distanceBetween } from './norms.ts';

/** A count of samples, and of how many: a proportion that keeps its denominator. */
export interface SampleCount {
  readonly count: number;
  readonly total: number;
}

/** Robust accuracy at one size of the perturbation. */
export interface CurvePoint extends SampleCount {
  /** In input units. */
  readonly epsilon: number;
}

/**
 * How far each sample is from a wrong answer, as far as an attack could tell: 0 where the model is
 * wrong without it, Infinity where the attack found nothing.
 *
 * @returns one distance a sample, in input units
 */
export function distancesToError(result: AttackResult, inputs: Batch, norm: Norm): Float64Array {
  return Float64Array.from(result.outcomes, (outcome, row) => {
    switch (outcome) {
      case 'already-wrong':
        return 0;
      case 'succeeded':
        return distanceBetween(inputs.row(row), result.adversaries.row(row), norm);
      case 'failed':
      case 'gradient-unavailable':
      case 'not-run':
        return Infinity;
    }
  });
}

/** The worst case of each sample over several attacks: its smallest distance, never a mean. */
export function smallestDistances(attacks: readonly Float64Array[]): Float64Array {
  const [first = new Float64Array(0), ...others] = attacks;
  return first.map((distance, row) =>
    others.reduce((smallest, next) => Math.min(smallest, next[row] as number), distance),
  );
}

/**
 * Robust accuracy at one epsilon, over ALL samples: right when clean, and no error within epsilon.
 */
export function robustAccuracyAt(distances: Float64Array, epsilon: number): CurvePoint {
  const count = distances.filter(distance => distance > epsilon).length;
  return { epsilon, count, total: distances.length };
}

/** The curve of robust accuracy that one run of a minimum-norm attack gives. */
export function robustAccuracyCurve(
  distances: Float64Array,
  epsilons: readonly number[],
): readonly CurvePoint[] {
  return epsilons.map(epsilon => robustAccuracyAt(distances, epsilon));
}

/**
 * The smallest epsilon at which no more than half of all samples are right: the curve in one number.
 * 0 for a model that is wrong on half of the clean samples, Infinity when the attack never gets there.
 */
export function epsilonAtHalfAccuracy(distances: Float64Array): number {
  const sorted = distances.slice().sort();
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Infinity;
}

/** Successes over the samples that the attack was tried on: those the model gets right when clean. */
export function attackSuccess(outcomes: readonly AttackOutcome[]): SampleCount {
  const tried = outcomes.filter(outcome => outcome !== 'already-wrong' && outcome !== 'not-run');
  return { count: tried.filter(outcome => outcome === 'succeeded').length, total: tried.length };
}

/** Samples that are right when clean and stay right under the attack, over ALL samples. */
export function robustAccuracy(outcomes: readonly AttackOutcome[]): SampleCount {
  const standing = outcomes.filter(
    outcome => outcome !== 'succeeded' && outcome !== 'already-wrong',
  );
  return { count: standing.length, total: outcomes.length };
}
