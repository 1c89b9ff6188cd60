import type { Estimate } from '../report/detection-record.ts';
import { mean } from '../report/statistics.ts';

/** 0.975 quantile of the standard normal. */
const z = 1.959963984540054;

/** The mean with a normal interval of 95%; 0 where there is no value. */
export function meanEstimate(values: Float64Array): Estimate {
  const value = mean([...values]) ?? 0;
  const halfWidth = z * standardError(values, value);
  return { value, lower: value - halfWidth, upper: value + halfWidth };
}

/**
 * Ratio of two means of independent samples; the interval of 95% is that of its logarithm (delta
 * method).
 * Null where a score can be negative or the reference is 0.
 */
export function ratioEstimate(values: Float64Array, reference: Float64Array): Estimate | null {
  const [above, below] = [mean([...values]) ?? 0, mean([...reference]) ?? 0];
  const isPositive = (score: number) => score >= 0;
  if (below === 0 || ![...values, ...reference].every(isPositive)) return null;
  const value = above / below;
  if (above === 0) return { value, lower: 0, upper: 0 };
  const relative = Math.hypot(
    standardError(values, above) / above,
    standardError(reference, below) / below,
  );
  return {
    value,
    lower: value * Math.exp(-z * relative),
    upper: value * Math.exp(z * relative),
  };
}

/** Of the mean; 0 for a single value. */
function standardError(values: Float64Array, average: number): number {
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
}
