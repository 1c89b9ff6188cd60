import { Batch } from '../arrays/batch.ts';
import type { Bounds, Classifier } from '../model/classifier.ts';
import type { AttackResult, Criterion } from './attack.ts';
import { gatherCriterion, isMet } from './criterion.ts';

/** Levels of a number of 8 bits, besides the lowest. */
const STEPS = 255;

/** The nearest inputs that a picture file of 8 bits can hold: 256 levels from bound to bound. */
export function roundTo8Bits(inputs: Batch, { lower, upper }: Bounds): Batch {
  const width = upper - lower;
  const values = inputs.values.map(
    value => lower + (Math.round(((value - lower) / width) * STEPS) / STEPS) * width,
  );
  return new Batch(values, inputs.shape);
}

/**
 * Whether each success is still one after it has been saved as a picture of 8 bits: an adversary
 * that lives between two grey values harms nobody who sends a file.
 *
 * @returns 1 for successes that survive, 0 for those that do not, −1 for samples without success
 */
export async function survivalOfRounding(
  classifier: Classifier,
  criterion: Criterion,
  { adversaries, outcomes }: AttackResult,
): Promise<Int32Array> {
  const survival = new Int32Array(outcomes.length).fill(-1);
  const rows = outcomes.flatMap((outcome, row) => (outcome === 'succeeded' ? [row] : []));
  if (rows.length === 0) return survival;
  const rounded = roundTo8Bits(adversaries.gather(rows), classifier.bounds);
  const logits = await classifier.logits(rounded);
  const own = gatherCriterion(criterion, rows);
  rows.forEach((row, position) => {
    survival[row] = isMet(own, position, logits.row(position)) ? 1 : 0;
  });
  return survival;
}
