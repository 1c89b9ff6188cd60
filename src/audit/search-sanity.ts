import { attackNorm } from '../attacks/attack-names.ts';
import { smallestDistances } from '../attacks/robust-accuracy.ts';
import { checkFindings, checkSizes } from '../attacks/search-checks.ts';
import type { SanityFlag } from '../attacks/sanity-checks.ts';
import type { Flag } from '../report/audit-report.ts';
import { median } from '../report/statistics.ts';
import type { ConditionResults } from './condition-results.ts';

/** What the checks of the searches for the smallest change are made from. */
export interface SearchEvidence {
  readonly conditions: readonly ConditionResults[];
  readonly classCount: number;
  /** What makes attacks too weak to tell of robustness, by id of the condition. */
  readonly weaknesses: ReadonlyMap<string, string>;
}

/**
 * Holds each search for the smallest change against what it has to find: an error for nearly every
 * sample, and none much larger than the other attacks know. A gradient that is tiny without being zero
 * loses such a search without any other sign. Searches that look for something else by their settings
 * are left out.
 */
export function checkSearches({ conditions, classCount, weaknesses }: SearchEvidence): Flag[] {
  const attacks = conditions.filter(
    ({ plan, state }) => plan.attack !== undefined && state === 'finished',
  );
  const searches = attacks.filter(
    ({ plan: { id, attack } }) =>
      attack !== undefined &&
      !('epsilon' in attack.settings) &&
      attack.evasion === undefined &&
      !weaknesses.has(id),
  );
  return searches.flatMap(search => {
    const { id, label } = search.plan;
    const flag =
      checkFindings({ label, outcomes: search.outcomes() }, classCount) ??
      checkAgainstOthers(search, attacks);
    return flag === undefined ? [] : [{ ...flag, condition: id }];
  });
}

function checkAgainstOthers(
  search: ConditionResults,
  attacks: readonly ConditionResults[],
): SanityFlag | undefined {
  const { attack, label } = search.plan;
  if (attack === undefined) return undefined;
  const norm = attackNorm(attack.settings);
  const own = search.errorSizes(norm);
  const smallest = smallestDistances(attacks.map(other => other.errorSizes(norm)));
  // Samples that are wrong without an attack tell nothing.
  const attacked = [...own.keys()].filter(position => (own[position] as number) > 0);
  const middleOf = (sizes: Float64Array): number =>
    median(attacked.map(position => sizes[position] as number)) ?? 0;
  return checkSizes(label, middleOf(own), middleOf(smallest));
}
