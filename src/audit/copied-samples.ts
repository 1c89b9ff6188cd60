import type { Flag } from '../report/audit-report.ts';
import { fingerprintOf } from './input-fingerprint.ts';
import type { ConditionResults } from './condition-results.ts';
import { counted } from '../wording/counted.ts';

/** Samples whose input another sample has as well. */
interface Copies {
  /** Samples that are the same as an earlier one. */
  readonly count: number;
  /** Of them, those of the separate clean set that are the same as an audited one. */
  readonly inBoth: number;
  /** Of them, those whose label is another. */
  readonly otherLabel: number;
}

/** Looks for samples that are there more than once. Each set of results is read once. */
export class CopiedSamples {
  /** Only finished conditions are read, and these do not change any more. */
  #found: Copies | undefined;

  /** @param conditions clean samples and the separate clean set are looked at once both are finished */
  flags(conditions: readonly ConditionResults[]): Flag[] {
    const sets = conditions.filter(({ plan }) => plan.kind === 'clean' || plan.kind === 'baseline');
    if (sets.length === 0 || sets.some(({ state }) => state !== 'finished')) return [];
    this.#found ??= copiesIn(sets);
    const { count, inBoth, otherLabel } = this.#found;
    if (count === 0) return [];
    const total = sets.reduce((sum, { finished }) => sum + finished, 0);
    const both =
      inBoth === 0
        ? ''
        : ` In the separate clean set: ${inBoth} of them, whose originals are audited.`;
    const labels =
      otherLabel === 0
        ? ''
        : ` With another label than the original, so that no model can be right on both: ${otherLabel} of them.`;
    return [
      {
        id: 'copied-samples',
        severity: otherLabel === 0 ? 'info' : 'warning',
        message: `${counted(count, 'copy', 'copies')} among ${counted(total, 'sample')}, with the same input as an earlier one: intervals take samples for independent, and are too narrow.${both}${labels}`,
        remedy: 'Remove copies from the data.',
      },
    ];
  }
}

function copiesIn(sets: readonly ConditionResults[]): Copies {
  const originals = new Map<string, { readonly set: ConditionResults; readonly label: number }>();
  let [count, inBoth, otherLabel] = [0, 0, 0];
  for (const set of sets) {
    for (const [position, label] of set.labels.entries()) {
      const fingerprint = fingerprintOf(set.inputs.row(position));
      const original = originals.get(fingerprint);
      if (original === undefined) {
        originals.set(fingerprint, { set, label });
        continue;
      }
      count++;
      if (original.set !== set) inBoth++;
      if (original.label !== label) otherLabel++;
    }
  }
  return { count, inBoth, otherLabel };
}
