import { allRows } from './active-rows.ts';
import type { AttackContext, AttackOutcome, AttackResult, Norm } from './attack.ts';
import { candidateClasses } from './class-candidates.ts';
import { distanceBetween } from './norms.ts';

/**
 * Which of several targets counts for a sample (Carlini and Wagner 2017, section VI). `easiest`: the
 * nearest, which is the strongest untargeted attack. `hardest`: the farthest, and a failure where
 * any target cannot be reached.
 */
export type TargetChoice = 'easiest' | 'hardest';

/**
 * Runs a targeted attack towards every class besides the label, and keeps one result a sample. A
 * targeted attack follows one class to the end; an untargeted one follows the runner-up of the
 * moment, which need not be the nearest.
 *
 * @param attack a search for the smallest change in `norm`
 */
export async function runOverTargets(
  context: AttackContext,
  norm: Norm,
  choice: TargetChoice,
  attack: (context: AttackContext) => Promise<AttackResult>,
): Promise<AttackResult> {
  const { classifier, inputs, criterion, onProgress } = context;
  const { labels } = criterion;
  const others = classifier.classCount - 1;
  const ranked = candidateClasses(
    { kind: 'misclassified', labels },
    await classifier.logits(inputs),
    others,
  );
  let best: AttackResult | undefined;
  for (let rank = 0; rank < others; rank++) {
    const targets = Int32Array.from(ranked, classes => classes[rank] as number);
    const found = await attack({
      ...context,
      criterion: { kind: 'classified-as', labels, targets },
      onProgress: ({ completed, total }) =>
        onProgress?.({ completed: rank + completed / total, total: others }),
    });
    best = best === undefined ? found : chosen(best, found, context, norm, choice);
  }
  return best ?? (await attack(context));
}

/** The better of two results for each sample; steps add up. */
function chosen(
  first: AttackResult,
  second: AttackResult,
  { inputs }: AttackContext,
  norm: Norm,
  choice: TargetChoice,
): AttackResult {
  const adversaries = first.adversaries.clone();
  const logits = first.logits.clone();
  const outcomes: AttackOutcome[] = [...first.outcomes];
  const size = ({ outcomes: own, adversaries: rows }: AttackResult, row: number): number =>
    own[row] === 'succeeded' || own[row] === 'already-wrong'
      ? distanceBetween(inputs.row(row), rows.row(row), norm)
      : Infinity;
  for (const row of allRows(inputs.count)) {
    const [one, other] = [size(first, row), size(second, row)];
    if (choice === 'easiest' ? one <= other : one >= other) continue;
    adversaries.row(row).set(second.adversaries.row(row));
    logits.row(row).set(second.logits.row(row));
    outcomes[row] = second.outcomes[row] as AttackOutcome;
  }
  return {
    adversaries,
    logits,
    outcomes,
    steps: first.steps.map((steps, row) => steps + (second.steps[row] as number)),
    lostSuccess: first.lostSuccess.map((lost, row) => lost | (second.lostSuccess[row] as number)),
  };
}
