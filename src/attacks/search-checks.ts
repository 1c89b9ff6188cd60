import { attackSuccess, robustAccuracy } from './robust-accuracy.ts';
import type { SanityFlag, SanityRun } from './sanity-checks.ts';

/** How many times as large as need be a smallest change may be; sound searches differ by less than half. */
const SIZE_TOLERANCE = 2;

/**
 * A search for the smallest change may change everything, so it has to find an error for nearly every
 * sample: that it finds none is no distance, but a sign that it is lost.
 *
 * @param run samples that are wrong already count as right no longer
 */
export function checkFindings(
  { label, outcomes }: SanityRun,
  classCount: number,
): SanityFlag | undefined {
  const { count, total } = robustAccuracy(outcomes);
  const attacked = attackSuccess(outcomes).total;
  const isMost = count > 0 && 2 * count >= attacked;
  if (count <= total / classCount && !isMost) return undefined;
  return {
    id: 'unbounded-fails',
    severity: 'error',
    message: `${label} may change inputs without limit, and still finds no error for ${count} of ${attacked} samples.`,
    remedy:
      'Do not read its accuracy or its distances as robustness: look for outputs that saturate, as probabilities do, or for logits of a very small scale, and compare with DDN or FAB.',
  };
}

/**
 * What one search calls the smallest change must not be far larger than what is known to fool the model.
 *
 * @param own median size of the changes that it found, +∞ where it found none for most samples
 * @param known median of the smallest that any attack found for the same samples, in the same norm
 */
export function checkSizes(label: string, own: number, known: number): SanityFlag | undefined {
  if (!(own > SIZE_TOLERANCE * known)) return undefined;
  const found = Number.isFinite(own) ? `changes of ${own.toPrecision(3)}` : 'none';
  return {
    id: 'smaller-changes-known',
    severity: 'error',
    message: `${label} finds ${found} in the median, but attacks of this audit fool the model with ${known.toPrecision(3)}.`,
    remedy:
      'Rely on the smaller ones, and look for what misleads this search: outputs that saturate, or logits of an unusual scale.',
  };
}
