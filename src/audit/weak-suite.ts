import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { Flag } from '../report/audit-report.ts';
import type { PlannedCondition } from './planned-condition.ts';

/** Steps and queries below which an attack has hardly begun. The short control asks so often. */
const fewestSteps = 5;
const fewestQueries = 200;
/** Half of one of 256 levels, in widths of the box: whoever changes numbers by less changes no picture. */
const smallestBudget = 1 / 510;

/**
 * What makes attacks too weak, by their settings, to tell how robust a model is.
 *
 * @param bounds lowest and highest value of an input
 * @returns by id of the condition, as a clause: `FGSM L∞ ε=0.1 takes one step`
 */
export function weaknessesOf(
  conditions: readonly PlannedCondition[],
  bounds: readonly [number, number],
): ReadonlyMap<string, string> {
  const attacks = conditions.filter(({ kind }) => kind === 'attack');
  return new Map(
    attacks.flatMap(condition => {
      const weakness = weaknessOf(condition, bounds[1] - bounds[0]);
      return weakness === undefined ? [] : [[condition.id, `${condition.label} ${weakness}`]];
    }),
  );
}

/**
 * What becomes of Square on a model that draws random numbers: they change the scores more than a window
 * of it does.
 *
 * @returns by id of the condition, as a clause
 */
export function lostSearches(conditions: readonly PlannedCondition[]): ReadonlyMap<string, string> {
  return new Map(
    conditions.flatMap(({ kind, id, label, attack }) =>
      kind === 'attack' && attack?.settings.attack === 'square'
        ? [[id, `${label} loses its way in the random numbers of the model`]]
        : [],
    ),
  );
}

/**
 * An audit has to hold one attack at least that could break a weak model: otherwise the worst case is
 * high whatever the model is.
 *
 * @param weaknesses from {@link weaknessesOf}, and {@link lostSearches} where the model draws random numbers
 * @returns a flag where every attack is too weak by its settings; undefined without attacks
 */
export function checkSuite(
  conditions: readonly PlannedCondition[],
  weaknesses: ReadonlyMap<string, string>,
): Flag | undefined {
  const attacks = conditions.filter(({ kind }) => kind === 'attack');
  if (attacks.length === 0 || weaknesses.size < attacks.length) return undefined;
  return {
    id: 'weak-attacks',
    severity: 'warning',
    message: `No attack of this audit is strong enough to tell how robust the model is: ${[...weaknesses.values()].join('; ')}.`,
    remedy: 'Add PGD or AutoAttack with a size that matters, in the units of the input.',
  };
}

/** Why an attack by itself says little, as the end of a sentence; undefined when it is a real one. */
function weaknessOf({ attack }: PlannedCondition, width: number): string | undefined {
  if (attack === undefined) return undefined;
  const { settings } = attack;
  if ('epsilon' in settings && settings.epsilon < smallestBudget * width) {
    return 'may change a number by less than half of one of 256 levels';
  }
  if (attack.madeOn !== undefined) return 'was made on another model';
  if (attack.target !== undefined) return 'wants one class';
  return weaknessOfSettings(settings);
}

function weaknessOfSettings(settings: AttackSettings): string | undefined {
  switch (settings.attack) {
    case 'noise':
      return 'does not search';
    case 'fgsm':
      return 'takes one step';
    case 'bim':
    case 'pgd':
    case 'mi-fgsm':
    case 'apgd':
    case 'ddn':
    case 'fmn':
    case 'fab':
      return (settings.steps ?? fewestSteps) < fewestSteps
        ? `takes fewer than ${fewestSteps} steps`
        : undefined;
    case 'square':
      return (settings.queries ?? fewestQueries) < fewestQueries
        ? `asks fewer than ${fewestQueries} times`
        : undefined;
    case 'carlini-wagner':
      if (settings.targets === 'hardest') return 'keeps the farthest of all classes';
      return (settings.confidence ?? 0) > 0
        ? 'wants an answer that is wrong by a margin'
        : undefined;
    case 'autoattack':
    case 'deepfool':
      return undefined;
  }
}
