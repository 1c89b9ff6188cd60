import type { Condition, Flag } from './audit-report.ts';

/** Stands behind a number that a flag takes back. */
export const doubtMark = '†';
/** What the mark means. */
export const doubtRemark = `${doubtMark} Not to be read as robustness: see the errors and warnings.`;

/**
 * The first error flag that keeps the accuracy under an attack from being read as robustness: one of
 * the attack itself, or one of the model, if the attack follows the model's gradients. A Square of few
 * queries is doubted like them, and so is AutoAttack, three of whose four stages follow gradients. On a
 * model that draws random numbers every Square is, whatever it averages: noise hides from it which windows
 * helped. So is a search for natural adversaries, which averages nothing.
 */
export function doubtOf(condition: Condition, flags: readonly Flag[]): Flag | undefined {
  const error = flags.find(
    flag =>
      flag.severity === 'error' &&
      (flag.condition === undefined || flag.condition === condition.id),
  );
  if (error !== undefined && needsGradients(condition)) return error;
  return isSquare(condition) || condition.kind === 'natural' ? randomness(flags) : undefined;
}

/** Square on the model itself. */
function isSquare({ attack }: Condition): boolean {
  return attack?.name === 'square' && !('madeOn' in attack.settings);
}

/** The flag that says that the model draws random numbers. */
function randomness(flags: readonly Flag[]): Flag | undefined {
  return flags.find(({ id }) => id === 'stochastic-model');
}

/**
 * The first flag that keeps all attacks together from being read as robustness. What misleads one
 * attack does not count where another one stands in for it. A model whose gradients are wrong or
 * missing stays unknown even then: a random search leaves more samples right than gradients would, and
 * is as blind as they are where saturated probabilities never change. On a model that draws random
 * numbers Square neither stands in for another attack nor doubts those that average its passes.
 */
export function doubtOfSuite(
  attacks: readonly Condition[],
  flags: readonly Flag[],
): Flag | undefined {
  const ofTheModel = flags.find(
    ({ id, severity, condition }) =>
      condition === undefined && (severity === 'error' || id === 'weak-attacks'),
  );
  if (ofTheModel !== undefined) return ofTheModel;
  const random = randomness(flags);
  const telling = attacks.filter(condition =>
    random === undefined
      ? !attacks.some(other => other !== condition && standsInFor(other, condition))
      : !isSquare(condition),
  );
  if (random !== undefined && telling.length === 0) return random;
  return telling
    .map(condition => doubtOf(condition, flags))
    .find(flag => flag !== undefined && !(isLostSearch(flag) && hasSoundAttack(attacks, flags)));
}

/** A search that has lost its way misleads nobody where others have found theirs. */
function isLostSearch({ id, condition }: Flag): boolean {
  return condition !== undefined && (id === 'unbounded-fails' || id === 'smaller-changes-known');
}

/** Whether an attack of many steps is not doubted: one that aims at no class, on this model. */
function hasSoundAttack(attacks: readonly Condition[], flags: readonly Flag[]): boolean {
  return attacks.some(condition => {
    const { attack } = condition;
    if (attack === undefined || ['fgsm', 'noise'].includes(attack.name)) return false;
    if ('target' in attack.settings || 'madeOn' in attack.settings) return false;
    return doubtOf(condition, flags) === undefined;
  });
}

/**
 * Queries for each sample below which Square has tried too little to stand in for gradients that fail:
 * a fifth of what AutoAttack gives it.
 */
const TELLING_QUERIES = 1000;

/**
 * Whether an attack says without gradients what another one was to say with them: Square with enough
 * queries, or the ensemble that ends with it, in the same norm and at least as large a ball. One that
 * aims at a class, or was made on another model, says less; and no ball is as large as a search for
 * the smallest change may go.
 */
function standsInFor(search: Condition, other: Condition): boolean {
  if (search.attack === undefined || other.attack === undefined) return false;
  const { norm, settings } = search.attack;
  if ('target' in settings || 'madeOn' in settings) return false;
  const { epsilon } = other.attack.settings;
  if (typeof settings['epsilon'] !== 'number' || typeof epsilon !== 'number') return false;
  return (
    searchesWithoutGradients(search) && norm === other.attack.norm && settings['epsilon'] >= epsilon
  );
}

/** Square, or the ensemble that ends with it: what they cannot break does not hang on gradients. */
function searchesWithoutGradients({ attack }: Condition): boolean {
  if (attack?.name === 'autoattack') return true;
  return attack?.name === 'square' && Number(attack.settings['queries']) >= TELLING_QUERIES;
}

/** Also a Square of so few queries that it shows little where gradients show nothing. */
function needsGradients(condition: Condition): boolean {
  const { attack, kind } = condition;
  if (kind === 'natural') return true;
  if (attack === undefined || attack.name === 'noise' || 'madeOn' in attack.settings) return false;
  return attack.name !== 'square' || !searchesWithoutGradients(condition);
}
