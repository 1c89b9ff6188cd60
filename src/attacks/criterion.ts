import { hasAnswer } from '../model/answer.ts';
import type { Criterion } from './attack.ts';

/** The same criterion for the samples at `rows`, in that order. */
export function gatherCriterion(criterion: Criterion, rows: readonly number[]): Criterion {
  const labels = gatherIntegers(criterion.labels, rows);
  switch (criterion.kind) {
    case 'misclassified':
      return { kind: 'misclassified', labels };
    case 'classified-as':
      return { kind: 'classified-as', labels, targets: gatherIntegers(criterion.targets, rows) };
  }
}

/**
 * The class that the criterion is about: the label that is to be left, or the target that is to be
 * reached.
 */
export function referenceClass(criterion: Criterion, row: number): number {
  return (criterion.kind === 'misclassified' ? criterion.labels : criterion.targets)[row] as number;
}

/**
 * By how much the criterion is met, in logit units; positive means met. Untargeted: the best other
 * logit minus the label's. Targeted: the target's logit minus the best other. Not a number when a
 * logit is not.
 *
 * @param logits of one sample, `[classes]`
 */
export function criterionGap(criterion: Criterion, row: number, logits: Float32Array): number {
  const reference = referenceClass(criterion, row);
  const gap = bestOtherLogit(logits, reference) - (logits[reference] as number);
  return criterion.kind === 'misclassified' ? gap : -gap;
}

/**
 * Whether the criterion is met, by more than `confidence` (κ of Carlini and Wagner, logit units).
 * Two logits so close that rounding could swap them are a tie, and a tie is no success: it would
 * turn over when the model runs again. A model that gives no answer is wrong, and reaches no target.
 */
export function isMet(
  criterion: Criterion,
  row: number,
  logits: Float32Array,
  confidence = 0,
): boolean {
  return gapExceeds(criterion, row, logits, confidence, 4);
}

/**
 * {@link isMet} with room to spare. A search that keeps only these loses none of them when the
 * final check runs in a batch of another size, where logits may round otherwise.
 */
export function isSafelyMet(
  criterion: Criterion,
  row: number,
  logits: Float32Array,
  confidence = 0,
): boolean {
  return gapExceeds(criterion, row, logits, confidence, 16);
}

/** The largest logit besides that of class `excluded`; −∞ when there is no other class. */
export function bestOtherLogit(logits: Float32Array, excluded: number): number {
  let best = -Infinity;
  for (let k = 0; k < logits.length; k++) {
    if (k !== excluded) best = Math.max(best, logits[k] as number);
  }
  return best;
}

/** Largest relative error of rounding to float32. */
const FLOAT32_ROUNDING = 2 ** -24;

function gapExceeds(
  criterion: Criterion,
  row: number,
  logits: Float32Array,
  confidence: number,
  roundings: number,
): boolean {
  if (!hasAnswer(logits)) return criterion.kind === 'misclassified';
  const reference = referenceClass(criterion, row);
  const own = Math.abs(logits[reference] as number);
  const other = Math.abs(bestOtherLogit(logits, reference));
  const tie = roundings * FLOAT32_ROUNDING * Math.max(own, other);
  return criterionGap(criterion, row, logits) > confidence + tie;
}

function gatherIntegers(values: Int32Array, rows: readonly number[]): Int32Array {
  return Int32Array.from(rows, row => values[row] as number);
}
