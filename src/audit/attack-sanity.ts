import type { AttackSettings } from '../attacks/attack-settings.ts';
import {
  checkBlackBox,
  checkGradients,
  checkMonotone,
  checkNoise,
  checkSingleStep,
  type SanityFlag,
  type SanityRun,
} from '../attacks/sanity-checks.ts';
import { attackNorm } from '../attacks/attack-names.ts';
import type { Flag } from '../report/audit-report.ts';
import type { ConditionResults } from './condition-results.ts';

/** A finished attack as the checks see it, with what tells which ones may be compared. */
interface FinishedAttack extends SanityRun {
  readonly id: string;
  readonly settings: AttackSettings;
  /** Undefined for attacks that look for the smallest change. */
  readonly epsilon: number | undefined;
  /** Made on another model: whoever does so sees no gradients of this one. */
  readonly isTransfer: boolean;
}

/**
 * The sanity checks that the attacks of an audit allow, by comparing those of the same norm and
 * size: what one attack finds and a stronger one does not is a sign of masked gradients. Targeted
 * and evasive attacks are left out, since they succeed less often by nature.
 */
export function checkAttacks(conditions: readonly ConditionResults[]): Flag[] {
  const attacks = conditions.flatMap(finishedAttack);
  return [
    ...attacks.flatMap(attack => flagOf(attack, checkGradients(attack))),
    ...growingSizes(attacks).flatMap(series => flagOf(series.at(-1), checkMonotone(series))),
    ...sameSize(attacks).flatMap(checkSameSize),
  ];
}

function finishedAttack(results: ConditionResults): FinishedAttack[] {
  const { attack, id, label } = results.plan;
  if (attack === undefined || results.state !== 'finished') return [];
  if (attack.target !== undefined || attack.evasion !== undefined) return [];
  const { settings } = attack;
  const epsilon = 'epsilon' in settings ? settings.epsilon : undefined;
  const isTransfer = attack.madeOn !== undefined;
  return [{ id, label, settings, epsilon, isTransfer, outcomes: results.outcomes() }];
}

/** Attacks of the same norm and size, against each other. */
function checkSameSize(attacks: readonly FinishedAttack[]): Flag[] {
  const withRole = (role: AttackRole) => attacks.filter(attack => roleOf(attack) === role);
  const whiteBoxes = attacks.filter(attack =>
    ['single step', 'many steps'].includes(roleOf(attack)),
  );
  return [
    ...withRole('single step').flatMap(single =>
      withRole('many steps').flatMap(many => flagOf(many, checkSingleStep(single, many))),
    ),
    // One step alone is weak by nature: that something else beats it says nothing.
    ...(withRole('many steps').length === 0
      ? []
      : [
          ...withRole('black box').flatMap(box => flagOf(box, checkBlackBox(whiteBoxes, box))),
          ...withRole('noise').flatMap(noise => flagOf(noise, checkNoise(whiteBoxes, noise))),
        ]),
  ];
}

type AttackRole = 'single step' | 'many steps' | 'black box' | 'noise' | 'smallest change';

function roleOf({ settings, isTransfer }: FinishedAttack): AttackRole {
  if (isTransfer) return 'black box';
  switch (settings.attack) {
    case 'fgsm':
      return 'single step';
    case 'bim':
    case 'pgd':
    case 'mi-fgsm':
    case 'apgd':
    case 'autoattack':
      return 'many steps';
    case 'square':
      return 'black box';
    case 'noise':
      return 'noise';
    case 'carlini-wagner':
    case 'deepfool':
    case 'ddn':
    case 'fmn':
    case 'fab':
      return 'smallest change';
  }
}

/** Groups of attacks with the same norm and epsilon. */
function sameSize(attacks: readonly FinishedAttack[]): FinishedAttack[][] {
  return groupBy(
    attacks.filter(({ epsilon }) => epsilon !== undefined),
    ({ settings, epsilon }) => `${attackNorm(settings)} ${epsilon ?? ''}`,
  );
}

/** One attack at several sizes, the smallest first. Noise of one size says nothing of another. */
function growingSizes(attacks: readonly FinishedAttack[]): FinishedAttack[][] {
  const sized = attacks.filter(
    attack => attack.epsilon !== undefined && roleOf(attack) !== 'noise' && !attack.isTransfer,
  );
  return groupBy(sized, ({ settings }) => JSON.stringify({ ...settings, epsilon: 0 })).map(series =>
    series.toSorted((a, b) => (a.epsilon ?? 0) - (b.epsilon ?? 0)),
  );
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

function flagOf(about: FinishedAttack | undefined, flag: SanityFlag | undefined): Flag[] {
  if (flag === undefined || about === undefined) return [];
  return [{ ...flag, condition: about.id }];
}
