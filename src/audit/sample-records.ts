import type { SampleRecord } from '../report/audit-report.ts';
import type { ConditionResults } from './condition-results.ts';
import type { AuditPlan } from './plan.ts';

/**
 * Sample by sample what became of it under each condition, as far as that is known: the audited
 * samples, then the separate clean set.
 *
 * @param ids names of the samples by index in the data set
 */
export function sampleRecords(
  { samples, baseline }: Pick<AuditPlan, 'samples' | 'baseline'>,
  conditions: readonly ConditionResults[],
  ids: ReadonlyMap<number, string>,
): SampleRecord[] {
  return [
    ...recordsOf('sample', samples, conditions, ids),
    ...recordsOf('baseline', baseline, conditions, ids),
  ];
}

function recordsOf(
  role: SampleRecord['role'],
  indices: readonly number[],
  conditions: readonly ConditionResults[],
  ids: ReadonlyMap<number, string>,
): SampleRecord[] {
  const own = conditions.filter(results =>
    role === 'baseline' ? results.plan.kind === 'baseline' : results.isOfSamples,
  );
  return indices.flatMap((index, position) => {
    const known = own.flatMap(results => {
      const sample = results.sample(position);
      return sample === undefined ? [] : [[results.plan.id, sample] as const];
    });
    const label = own[0]?.labels[position];
    if (known.length === 0 || label === undefined) return [];
    const id = ids.get(index) ?? String(index);
    return [{ index, id, label, role, conditions: Object.fromEntries(known) }];
  });
}
