import { UncertaintyError } from './uncertainty-error.ts';

/** A limit above which an input is flagged, and how often it flagged the inputs it was set on. */
export interface Threshold {
  /** Inputs that score above this (not at it) are flagged. */
  readonly value: number;
  /** The false-positive rate that was asked for. */
  readonly targetRate: number;
  /** Share of the calibration scores above {@link value}; at most the target, lower with ties. */
  readonly calibrationRate: number;
  /** Number of calibration scores; a rate below 1 / this number cannot be resolved. */
  readonly calibrationCount: number;
}

/** How often a threshold flagged a set of inputs. */
export interface RealisedRate {
  readonly flagged: number;
  readonly count: number;
  readonly rate: number;
}

/**
 * Sets a threshold by the false-positive rate on clean scores that are used for nothing else: the
 * smallest of them that leaves at most `falsePositiveRate` above it.
 *
 * @param calibrationScores scores of clean inputs, neither fitted nor tested on
 * @param falsePositiveRate in [0, 1], for example 0.05 for the 95th percentile
 * @throws UncertaintyError without scores, or with one that is not a number
 */
export function thresholdAtRate(
  calibrationScores: readonly number[] | Float64Array,
  falsePositiveRate: number,
): Threshold {
  const sorted = Float64Array.from(calibrationScores).sort();
  const count = sorted.length;
  if (count === 0) {
    throw new UncertaintyError(
      'uncertainty/too-few-samples',
      'A threshold needs scores of clean inputs to be set on.',
    );
  }
  if (Number.isNaN(sorted.at(-1))) {
    throw new UncertaintyError(
      'uncertainty/not-finite',
      'A score is not a number, so no threshold can be set.',
    );
  }
  // Rounding must not turn 5% of 100 into 4: allow for the error of one product.
  const mayBeFlagged = Math.min(count - 1, Math.floor(falsePositiveRate * count + 1e-9));
  const value = sorted[count - 1 - mayBeFlagged] as number;
  return {
    value,
    targetRate: falsePositiveRate,
    calibrationRate: realisedRate(value, sorted).rate,
    calibrationCount: count,
  };
}

/** How many of the scores are above a threshold. */
export function realisedRate(
  threshold: number,
  scores: readonly number[] | Float64Array,
): RealisedRate {
  let flagged = 0;
  for (const score of scores) if (score > threshold) flagged += 1;
  return { flagged, count: scores.length, rate: scores.length === 0 ? 0 : flagged / scores.length };
}
