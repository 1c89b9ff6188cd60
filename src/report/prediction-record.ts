import * as v from 'valibot';

/**
 * Stands where a class would, when the model gave no answer: a logit is not a number, or several are
 * infinite. It equals no label, so such an answer counts as wrong everywhere.
 */
export const noAnswer = -1;

/** Index of the class with the largest logit, or {@link noAnswer}. */
export const PredictionSchema = v.pipe(v.number(), v.integer(), v.minValue(noAnswer));

/** Name of a class, or its number where it has none. */
export function className(index: number, names: readonly string[]): string {
  return index === noAnswer ? 'no answer' : (names[index] ?? String(index));
}
