import { bisect } from '../bracketing/bisection.ts';

/**
 * The one-sided Clopper–Pearson bound: with confidence `1 − alpha` the chance of a success is at
 * least this, after `successes` of `trials`. It holds for every chance, not only approximately.
 *
 * Clopper, Pearson: The use of confidence or fiducial limits (1934).
 */
export function lowerBound(successes: number, trials: number, alpha: number): number {
  if (successes === 0) return 0;
  if (successes === trials) return alpha ** (1 / trials);
  // The smallest p under which so many successes have a chance of alpha; that chance rises with p.
  return bisect(p => atLeast(successes, trials, p) < alpha, 0, successes / trials);
}

/**
 * Chance of at least `successes` of `trials`, each with chance `p` below successes / trials: terms of
 * the binomial distribution from `successes` up, which fall, until they no longer count.
 */
function atLeast(successes: number, trials: number, p: number): number {
  if (p === 0) return 0;
  const odds = p / (1 - p);
  let term = Math.exp(logTerm(successes, trials, p));
  let sum = term;
  for (let k = successes; k < trials && term > sum * 1e-17; k++) {
    term *= ((trials - k) / (k + 1)) * odds;
    sum += term;
  }
  return sum;
}

function logTerm(k: number, n: number, p: number): number {
  return (
    logFactorial(n) -
    logFactorial(k) -
    logFactorial(n - k) +
    k * Math.log(p) +
    (n - k) * Math.log1p(-p)
  );
}

/** ln n!, summed for small n and by Stirling's series beyond. */
function logFactorial(n: number): number {
  if (n < 64) {
    let sum = 0;
    for (let k = 2; k <= n; k++) sum += Math.log(k);
    return sum;
  }
  const x = n + 1;
  return (
    (x - 0.5) * Math.log(x) -
    x +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}
