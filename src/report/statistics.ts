import type { Proportion } from './proportion-record.ts';

/** 0.975 quantile of the standard normal: two-sided 95%. */
const z = 1.959963984540054;

/**
 * A proportion with its 95% Wilson score interval (Wilson 1927). It stays inside [0, 1] and is
 * honest at 0 and 1, where the usual normal interval has no width.
 *
 * @param count successes, between 0 and `total`
 * @param total trials; with none the interval is [0, 1] and the value unknown
 */
export function proportion(count: number, total: number): Proportion {
  if (total === 0) return { count, total, value: null, lower: 0, upper: 1 };
  const p = count / total;
  const denominator = 1 + (z * z) / total;
  const centre = (p + (z * z) / (2 * total)) / denominator;
  const halfWidth =
    (z * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total))) / denominator;
  return {
    count,
    total,
    value: p,
    // Exact at the ends, where rounding would leave 1e-18.
    lower: count === 0 ? 0 : centre - halfWidth,
    upper: count === total ? 1 : centre + halfWidth,
  };
}

/** Arithmetic mean; undefined for no values. */
export function mean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Median, in which +∞ is a value like others: failures of an attack count as infinitely far, so
 * that giving up on hard samples cannot make a median smaller. Undefined for no values.
 */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted[(sorted.length >> 1) - 1] as number;
  return lower === upper ? upper : (lower + upper) / 2;
}

/**
 * Confidence interval of the median by order statistics (binomial, at least 95% for any
 * distribution), infinities included. Undefined below 6 values, where no such interval exists.
 */
export function medianInterval(values: readonly number[]): [number, number] | undefined {
  const n = values.length;
  // Largest k with P(Binomial(n, ½) ≤ k − 1) ≤ 0.025: the k-th smallest and largest values.
  let logProbability = -n * Math.LN2;
  let cumulative = 0;
  let k = 0;
  while (k <= n / 2) {
    cumulative += Math.exp(logProbability);
    if (cumulative > 0.025) break;
    logProbability += Math.log((n - k) / (k + 1));
    k++;
  }
  if (k === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[k - 1] as number, sorted[n - k] as number];
}

/**
 * Exact two-sided test of McNemar (1947): the chance that among `b + c` samples whose answer has
 * changed, as in tosses of a coin, the split is at least as uneven. In [0, 1]; 1 when nothing changed.
 */
export function exactMcNemar(b: number, c: number): number {
  const n = b + c;
  let logChance = -n * Math.LN2;
  let sum = 0;
  for (let k = 0; k <= Math.min(b, c); k++) {
    sum += Math.exp(logChance);
    logChance += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * sum);
}
