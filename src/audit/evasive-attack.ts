import type { Attack, AttackContext, AttackProgress, AttackResult } from '../attacks/attack.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import { createAttack } from '../attacks/create-attack.ts';
import { runEnsemble } from '../attacks/ensemble.ts';
import { descendUnnoticed } from '../attacks/orthogonal-descent.ts';
import type { Classifier } from '../model/classifier.ts';
import type { EvasiveClassifier } from '../uncertainty/evasion.ts';

/** Part of the progress that the attacks themselves make up. */
const attackShare = 0.6;

/**
 * The attack of somebody who knows of the detector. First with mutual information in the loss; then,
 * where that kept it from succeeding, without; and last, successes lower their mutual information and
 * stay successes. A fixed λ alone trades success for stealth, so that its low scores are those of
 * samples that were not fooled at all.
 *
 * @param context with the model as it is
 * @param steps of the last part; 0 leaves it out
 */
export async function attackUnnoticed(
  settings: AttackSettings,
  context: AttackContext,
  evading: EvasiveClassifier,
  steps: number,
): Promise<AttackResult> {
  const attack = createAttack(settings);
  const report = (from: number, to: number) => ({
    onProgress: ({ completed, total }: AttackProgress) =>
      context.onProgress?.({ completed: from + ((to - from) * completed) / total, total: 1 }),
  });
  const attacks = [
    seeing(evading, attack),
    ...(steps === 0 ? [] : [seeing(context.classifier, attack)]),
  ];
  const { result } = await runEnsemble(attacks, { ...context, ...report(0, attackShare) });
  return await descendUnnoticed({ ...context, ...report(attackShare, 1) }, result, {
    norm: attack.norm,
    ...('epsilon' in settings ? { epsilon: settings.epsilon } : {}),
    steps,
    detector: inputs => evading.mutualInformation(inputs),
  });
}

/** The attack on a classifier of its own, whichever the others attack. */
function seeing(classifier: Classifier, attack: Attack): Attack {
  const { kind, name, norm, settings } = attack;
  return { kind, name, norm, settings, run: context => attack.run({ ...context, classifier }) };
}
