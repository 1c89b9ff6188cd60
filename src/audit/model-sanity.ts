import { Batch } from '../arrays/batch.ts';
import { maximumSteps } from '../attacks/attack-cost.ts';
import { attackNorm } from '../attacks/attack-names.ts';
import { distanceBetween } from '../attacks/norms.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import {
  checkAnswers,
  checkLandscape,
  checkLateSuccesses,
  checkLogits,
  checkLostSuccess,
  checkSmallestChange,
  checkUnbounded,
  type SanityFlag,
} from '../attacks/sanity-checks.ts';
import { hasAnswer } from '../model/answer.ts';
import type { Flag } from '../report/audit-report.ts';
import { checkControls } from './control-probes.ts';
import type { ConditionResults } from './condition-results.ts';
import type { OutputOf } from './piece.ts';
import type { ProbeResult } from './probes.ts';

/** What the sanity checks of the model and of each attack by itself are made from. */
export interface SanityEvidence {
  readonly conditions: readonly ConditionResults[];
  readonly probes: readonly ProbeResult[];
  readonly classCount: number;
}

/** The sanity checks that look at the model, and at each attack without the others. */
export function checkTrust({ conditions, probes, classCount }: SanityEvidence): Flag[] {
  const clean = conditions.find(({ plan }) => plan.kind === 'clean');
  // Who also evades a detector, or attacks another model, attacks less well by nature.
  const attacks = conditions.filter(
    ({ plan: { attack }, state }) =>
      attack !== undefined &&
      attack.evasion === undefined &&
      attack.madeOn === undefined &&
      state === 'finished',
  );
  return [
    ...probes.flatMap(({ output }) =>
      output.kind === 'probe' ? modelFlags(output, classCount) : [],
    ),
    ...(clean?.state === 'finished' ? flags(checkLogits(clean.logits)) : []),
    ...conditions.flatMap(results => answerFlags(results, clean)),
    ...attacks.flatMap(attack => attackFlags(attack)),
    ...probes.flatMap(probe => checkControls(probe, attacks)),
    ...probes.flatMap(probe => convergenceFlags(probe, attacks, clean)),
  ];
}

function modelFlags(probe: OutputOf<'probe'>, classCount: number): Flag[] {
  const run = { label: 'An attack without limit', outcomes: probe.unbounded };
  return [
    ...flags(checkUnbounded(run, classCount)),
    ...flags(checkLandscape(probe.landscapeChange)),
  ];
}

/** Of the samples that have an answer when clean; one without is a matter of the clean ones. */
function answerFlags(results: ConditionResults, clean: ConditionResults | undefined): Flag[] {
  const { plan, logits, state } = results;
  if (state !== 'finished') return [];
  const isClean = results === clean;
  const answeredBefore = (position: number) =>
    isClean || clean === undefined || !results.isOfSamples || hasAnswer(clean.logits.row(position));
  const unanswered = plan.indices.filter(
    (_, position) => !hasAnswer(logits.row(position)) && answeredBefore(position),
  );
  const flag = checkAnswers(plan.label, unanswered, plan.indices.length);
  return flags(flag, isClean ? undefined : plan.id);
}

function attackFlags(results: ConditionResults): Flag[] {
  const { id, label, attack } = results.plan;
  const outcomes = results.outcomes();
  const half = attack === undefined ? undefined : halfOfTheSteps(attack.settings);
  const late =
    half === undefined
      ? 0
      : results
          .steps()
          .filter((steps, position) => outcomes[position] === 'succeeded' && steps > half).length;
  return [
    ...flags(checkLostSuccess(label, results.lostSuccesses()), id),
    ...flags(checkLateSuccesses({ label, outcomes }, late), id),
  ];
}

/** Undefined for attacks whose samples do not leave with their first success. */
function halfOfTheSteps(settings: AttackSettings): number | undefined {
  switch (settings.attack) {
    case 'bim':
    case 'pgd':
    case 'mi-fgsm':
    case 'square':
      return maximumSteps(settings) / 2;
    case 'apgd':
      // Towards several classes, late means another class and not more steps.
      return settings.loss === 'targeted-dlr' ? undefined : maximumSteps(settings) / 2;
    case 'fgsm':
    case 'noise':
    case 'autoattack':
    case 'carlini-wagner':
    case 'deepfool':
    case 'ddn':
    case 'fmn':
    case 'fab':
      return undefined;
  }
}

/** The first samples of a search against the same ones with twice the steps. */
function convergenceFlags(
  { probe, output }: ProbeResult,
  attacks: readonly ConditionResults[],
  clean: ConditionResults | undefined,
): Flag[] {
  const results = attacks.find(({ plan }) => plan.id === probe.attack);
  const settings = results?.plan.attack?.settings;
  if (results === undefined || settings === undefined || 'epsilon' in settings) return [];
  if (output.kind !== 'attack' || clean === undefined) return [];
  const norm = attackNorm(settings);
  const outcomes = results.outcomes();
  const adversaries = new Batch(output.adversaries, results.inputs.shape);
  const found = probe.task.indices.flatMap((_, position) => {
    if (outcomes[position] === 'already-wrong' || outcomes[position] === 'not-run') return [];
    const sizeOf = (sample: Float32Array, outcome: string | undefined) =>
      outcome === 'succeeded'
        ? distanceBetween(clean.inputs.row(position), sample, norm)
        : Infinity;
    return [
      {
        size: sizeOf(results.inputs.row(position), outcomes[position]),
        doubled: sizeOf(adversaries.row(position), output.outcomes[position]),
      },
    ];
  });
  const flag = checkSmallestChange(
    results.plan.label,
    found.map(({ size }) => size),
    found.map(({ doubled }) => doubled),
  );
  return flags(flag, results.plan.id);
}

function flags(flag: SanityFlag | undefined, condition?: string): Flag[] {
  if (flag === undefined) return [];
  return [{ ...flag, ...(condition === undefined ? {} : { condition }) }];
}
