import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { Criterion } from '../attacks/attack.ts';
import { createAttack } from '../attacks/create-attack.ts';
import { Batch } from '../arrays/batch.ts';
import { correctingClassifier } from '../manifold/correcting-classifier.ts';
import type { Manifold } from '../manifold/manifold.ts';
import type { Classifier } from '../model/classifier.ts';

/** An attack by an adversary who knows of the correction. */
export interface AdaptiveAttack {
  readonly settings: AttackSettings;
  readonly criterion: Criterion;
  readonly classifier: Classifier;
  readonly manifold: Manifold;
  readonly inputs: Batch;
  readonly seed: number;
  readonly sampleIndices: readonly number[];
  readonly signal?: AbortSignal;
}

/**
 * Attacks f∘G∘I with its own gradient, and, where a squeeze hides it, also with the squeeze replaced by
 * its linear middle in the backward pass (Athalye, Carlini and Wagner 2018). The worst counts for each
 * sample.
 *
 * @returns logits of f∘G∘I on the adversaries, `[batch, classes]`
 */
export async function attackCorrection(attack: AdaptiveAttack): Promise<Batch> {
  const { settings, classifier, manifold, ...rest } = attack;
  const run = (backward: 'exact' | 'straight-through') =>
    createAttack(settings).run({
      ...rest,
      classifier: correctingClassifier(classifier, manifold, backward),
    });
  const exact = await run('exact');
  if (!manifold.squeezes) return exact.logits;
  const straight = await run('straight-through');
  const isBetter = (row: number): boolean =>
    exact.outcomes[row] !== 'succeeded' && straight.outcomes[row] === 'succeeded';
  const rows = exact.outcomes.map((_, row) =>
    (isBetter(row) ? straight : exact).logits.slice(row, row + 1),
  );
  return Batch.concat(rows, exact.logits.shape);
}
