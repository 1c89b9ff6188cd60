import type { Detection } from './detection-record.ts';
import { scientific } from './wording.ts';

/** Digits that a value has at least, and at most: the report keeps no more of a sample. */
const [fewest, most] = [3, 7];
/** Steps that the spread of a score is told apart in. */
const steps = 100;

/**
 * A value of a score with three significant digits, or as many more as a hundredth of the score's
 * spread over all samples needs. ODIN's divides the logits by 1000: every value begins with the
 * probability of an even guess, and the samples differ in the digits behind it.
 */
export function scoreValue(
  { histogramEdges }: Pick<Detection, 'histogramEdges'>,
  score: string,
  value: number,
): string {
  return scientific(value, digitsFor(value, spreadOf(histogramEdges[score] ?? [])));
}

/** Between the outer edges of the histogram, which leave out the extreme hundredths. */
function spreadOf(edges: readonly number[]): number {
  return (edges.at(-1) ?? 0) - (edges[0] ?? 0);
}

function digitsFor(value: number, spread: number): number {
  if (spread <= 0 || value === 0) return fewest;
  const decimals = Math.ceil(-Math.log10(spread / steps));
  const beforePoint = Math.floor(Math.log10(Math.abs(value))) + 1;
  return Math.min(most, Math.max(fewest, beforePoint + decimals));
}
