import { allRows } from './active-rows.ts';
import type { AttackOutcome, AttackResult, Criterion } from './attack.ts';
import { isMet } from './criterion.ts';
import type { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';

/**
 * Adversaries that were made on one model, shown to another: what somebody can do who has a model of
 * the same kind but not this one.
 *
 * @param classifier the model that meets them
 * @param inputs the clean samples that they were made from
 * @param made what the attack on the other model found; attempts count like successes
 * @returns the outcomes on `classifier`, each by a fresh forward pass
 */
export async function transferAdversaries(
  classifier: Classifier,
  inputs: Batch,
  criterion: Criterion,
  made: AttackResult,
): Promise<AttackResult> {
  const { labels } = criterion;
  const clean = await classifier.logits(inputs);
  const met = await classifier.logits(made.adversaries);
  const adversaries = made.adversaries.clone();
  const outcomes = allRows(inputs.count).map((row): AttackOutcome => {
    if (made.outcomes[row] === 'not-run') return 'not-run';
    if (!isMet({ kind: 'misclassified', labels }, row, clean.row(row))) {
      return isMet(criterion, row, met.row(row)) ? 'succeeded' : 'failed';
    }
    adversaries.row(row).set(inputs.row(row));
    met.row(row).set(clean.row(row));
    return 'already-wrong';
  });
  return {
    adversaries,
    outcomes,
    logits: met,
    steps: made.steps,
    lostSuccess: new Uint8Array(inputs.count),
  };
}
