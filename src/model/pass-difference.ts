import { Batch } from '../arrays/batch.ts';
import type { Classifier } from './classifier.ts';

/** Largest difference of the logits of two passes that still counts as the same (AutoAttack). */
export const sameLogits = 1e-4;

/**
 * The largest difference between two passes over the same samples, in logits. What is infinite or not
 * a number both times is the same; once only, it differs infinitely.
 */
export function largestDifference(first: Batch, second: Batch): number {
  return first.values.reduce((most, value, i) => {
    const other = second.values[i] as number;
    if (Object.is(value, other)) return most;
    const difference = Math.abs(value - other);
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
}

/**
 * The largest difference between two answers to one input in one pass, in logits. A draw that is the
 * same in each pass, but another one for each sample of it, is seen too.
 */
export async function differenceOfAnswers(
  classifier: Classifier,
  input: Float32Array,
): Promise<number> {
  const { inputShape, classCount } = classifier;
  const once = new Batch(input, inputShape);
  const answers = await classifier.logits(Batch.concat([once, once], inputShape));
  const answer = (row: number) => new Batch(answers.row(row), [classCount]);
  return largestDifference(answer(0), answer(1));
}
