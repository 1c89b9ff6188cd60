import { bisect } from '../bracketing/bisection.ts';

/**
 * The number that a standard normal variable stays below with probability `p`, by bisection of its
 * upper tail.
 *
 * @param p strictly between 0 and 1
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`There is no quantile of ${p}`);
  if (p < 0.5) return -normalQuantile(1 - p);
  return bisect(z => upperTail(z) > 1 - p, 0, 40);
}

/**
 * Probability that a standard normal variable is above `z`, at least 0: a series for small z, the
 * continued fraction of Mills's ratio beyond (Abramowitz and Stegun 26.2.11 and 26.2.14).
 */
function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 1; Math.abs(term) > 1e-18; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 200; k >= 1; k--) fraction = k / (z + fraction);
  return density / (z + fraction);
}
