import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditReport, Condition } from '../../src/report/audit-report.ts';
import { adversaryOf, conditionDetectionTable } from '../../src/report/detection-table.ts';
import { IrisWorkspace } from './iris-workspace.ts';

const attack = { attack: 'pgd', norm: 'Linf', epsilon: 0.5 };

/** Iris with a second model beside the first, whose weights differ by a fifth. */
async function workspaceWith(uncertainty: object): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  const models = join(workspace.folder, 'models');
  await cp(join(models, 'iris-mlp'), join(models, 'other'), { recursive: true });
  const file = join(models, 'other/group1-shard1of1.bin');
  const bytes = await readFile(file);
  const weights = new Float32Array(new Uint8Array(bytes).buffer);
  await writeFile(file, new Uint8Array(weights.map((w, i) => w * (1 + 0.2 * Math.sin(i))).buffer));
  const path = join(workspace.folder, 'assay.config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  const changed = {
    ...config,
    samples: 15,
    attacks: [attack],
    conditions: [{ condition: 'evasion', attack, weight: 20, passes: 15 }],
    uncertainty,
  };
  await writeFile(path, JSON.stringify(changed));
  return workspace;
}

function meanMutualInformation({ detection }: AuditReport, { id }: Condition): number {
  const row = detection?.rows.find(
    ({ condition, score, subset }) =>
      condition === id && score === 'mutual-information' && subset === 'all',
  );
  return row?.mean.value ?? NaN;
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
    expect(adaptive.attack?.settings).toMatchObject({ evasionWeight: 20, evasionPasses: passes });
    expect(meanMutualInformation(report, adaptive)).toBeLessThan(
      0.9 * meanMutualInformation(report, unaware),
    );
    expect(conditionDetectionTable(report, adaptive, 'all')?.rows.length).toBeGreaterThan(0);
  },
);
