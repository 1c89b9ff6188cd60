import { expect, test } from 'vitest';
import type { AuditReport, Condition } from '../../src/report/audit-report.ts';
import { adversaryOf, conditionDetectionTable } from '../../src/report/detection-table.ts';
import { IrisWorkspace } from './iris-workspace.ts';

const attack = { attack: 'pgd', norm: 'Linf', epsilon: 0.5 };

/** Iris with a second model beside the first, whose weights differ by a fifth. */
async function workspaceWith(uncertainty: object): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  await workspace.addOtherModel();
  await workspace.configure({
    samples: 15,
    attacks: [attack],
    conditions: [{ condition: 'evasion', attack, weight: 20, passes: 15 }],
    uncertainty,
  });
  return workspace;
}

/** How many samples of a condition were fooled, and the mean of their mutual information. */
function successes(
  { detection }: AuditReport,
  { id, outcomes }: Condition,
): { count: number; mutualInformation: number } {
  const row = detection?.rows.find(
    ({ condition, score, subset }) =>
      condition === id && score === 'mutual-information' && subset === 'succeeded',
  );
  return { count: outcomes?.succeeded ?? 0, mutualInformation: row?.mean.value ?? NaN };
}

test.each([
  ['last-layer-laplace', { method: 'laplace', passes: 100 }, 15],
  ['ensemble', { method: 'ensemble', models: ['models/other/model.json'] }, 2],
] as const)(
  'the report has a row of an adversary who evades a posterior by %s',
  async (method, uncertainty, passes) => {
    const { report } = await (await workspaceWith(uncertainty)).audit();
    expect(report.detection?.posterior).toMatchObject({ applicable: true, method });
    const [unaware, adaptive] = report.conditions.filter(({ kind }) => kind === 'attack');
    if (unaware === undefined || adaptive === undefined) throw new Error('a row is missing');
    expect([adversaryOf(unaware), adversaryOf(adaptive)]).toEqual(['unaware', 'adaptive']);
    expect(adaptive.attack?.settings).toMatchObject({
      evasionWeight: 20,
      evasionPasses: passes,
      evasionSteps: 50,
    });
    const [before, after] = [successes(report, unaware), successes(report, adaptive)];
    expect(before.count).toBeGreaterThan(1);
    // What would be easy: not to be noticed by fooling nobody.
    expect(after.count).toBeGreaterThanOrEqual(before.count);
    expect(after.mutualInformation).toBeLessThan(0.9 * before.mutualInformation);
    expect(conditionDetectionTable(report, adaptive, 'all')?.rows.length).toBeGreaterThan(0);
  },
);
