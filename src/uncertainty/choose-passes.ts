import { UncertaintyError } from './uncertainty-error.ts';

/** Passes of the pilot from which the number of passes is chosen. */
export const pilotPasses = 40;
const fewestPasses = 10;
const mostPasses = 1000;

export interface PassChoice {
  readonly passes: number;
  /** Standard error of the mutual information of a sample to expect, in nats (root mean square). */
  readonly standardError: number;
  /** Whether more passes than are allowed would be needed. */
  readonly atBound: boolean;
}

/**
 * The number of passes that makes the mutual information as exact as asked. Its standard error falls
 * with 1/√T, so the one of a pilot tells how many passes are needed.
 *
 * @param pilotErrors standard errors of samples after {@link pilotPasses} passes
 * @param standardError wanted, in nats, as a root mean square over samples
 */
export function choosePasses(
  pilotErrors: readonly number[] | Float64Array,
  standardError: number,
): PassChoice {
  if (pilotErrors.length === 0) {
    throw new UncertaintyError(
      'uncertainty/too-few-samples',
      'The number of passes can only be chosen with samples to try.',
    );
  }
  const squares = Float64Array.from(pilotErrors, error => error * error);
  const pilot = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
  const needed = pilotPasses * (pilot / standardError) ** 2;
  // A multiple of 10, since the difference to the next number is noise of the pilot.
  const rounded = 10 * Math.ceil(needed / 10);
  const passes = Math.min(mostPasses, Math.max(fewestPasses, rounded));
  return {
    passes,
    standardError: pilot * Math.sqrt(pilotPasses / passes),
    atBound: rounded > mostPasses,
  };
}
