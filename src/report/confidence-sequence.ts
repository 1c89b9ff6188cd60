import { bisect } from '../bracketing/bisection.ts';

/**
 * An interval for a proportion that may be looked at after every trial: the chance that it EVER fails
 * to hold the true value, whenever one stops, is at most `alpha`. A Wilson interval holds only for a
 * number of trials that was fixed before.
 *
 * The mixture of likelihood ratios over a uniform prior is a martingale, so by Ville's inequality all
 * p with B(s + 1, f + 1) / (p^s (1 − p)^f) ≤ 1 / alpha hold at all times (Robbins 1970).
 *
 * @param successes of `trials`, each with the same chance and independent
 * @returns lower and upper bound in [0, 1]
 */
export function confidenceSequence(
  successes: number,
  trials: number,
  alpha = 0.05,
): [lower: number, upper: number] {
  const failures = trials - successes;
  const logMixture = logBeta(successes, failures);
  const isPlausible = (p: number) =>
    logMixture - power(successes, p) - power(failures, 1 - p) <= -Math.log(alpha);
  const share = trials === 0 ? 0.5 : successes / trials;
  return [
    isPlausible(0) ? 0 : bisect(isPlausible, share, 0),
    isPlausible(1) ? 1 : bisect(isPlausible, share, 1),
  ];
}

/** ln p^k, with 0⁰ = 1. */
function power(k: number, p: number): number {
  return k === 0 ? 0 : k * Math.log(p);
}

/** ln B(s + 1, f + 1) = ln (s! f! / (s + f + 1)!). */
function logBeta(s: number, f: number): number {
  let sum = -Math.log(s + f + 1);
  for (let k = 1; k <= Math.min(s, f); k++) sum += Math.log(k) - Math.log(Math.max(s, f) + k);
  return sum;
}
