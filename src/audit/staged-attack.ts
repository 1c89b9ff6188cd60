import type { AttackContext, AttackResult } from '../attacks/attack.ts';
import { stageCount } from '../attacks/attack-cost.ts';
import { autoAttackStages } from '../attacks/autoattack.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import { createAttack } from '../attacks/create-attack.ts';
import { type EnsembleState, runEnsemble } from '../attacks/ensemble.ts';
import { Batch } from '../arrays/batch.ts';
import type { AttackStage, OutputOf } from './piece.ts';

/**
 * Runs an attack as a whole, or one stage of it on the samples that stand after the stages before.
 * All stages one after another give what the whole gives, number by number.
 */
export async function runAttackStage(
  settings: AttackSettings,
  context: AttackContext,
  stage: AttackStage | undefined,
): Promise<AttackResult> {
  if (stage === undefined || settings.attack !== 'autoattack') {
    return await createAttack(settings).run(context);
  }
  const { number, earlier } = stage;
  const from = earlier === undefined ? {} : { from: stateAfter(number, earlier, context) };
  const stages = autoAttackStages(settings);
  if (stages.length !== stageCount(settings)) throw new RangeError('stages are missing');
  return (await runEnsemble(stages, context, { ...from, until: number + 1 })).result;
}

/** The state of the ensemble as the output of its last stage tells it. */
function stateAfter(
  finished: number,
  { adversaries, logits, outcomes, steps, lostSuccess }: OutputOf<'attack'>,
  { inputs, classifier }: AttackContext,
): EnsembleState {
  return {
    finished,
    result: {
      adversaries: new Batch(adversaries, inputs.shape),
      logits: new Batch(logits, [classifier.classCount]),
      outcomes: outcomes.filter(outcome => outcome !== 'reconstruction-misclassified'),
      steps,
      lostSuccess: Uint8Array.from(lostSuccess),
    },
    // Which stage broke a sample is nothing that the later ones need.
    brokenBy: new Int32Array(inputs.count).fill(-1),
  };
}
