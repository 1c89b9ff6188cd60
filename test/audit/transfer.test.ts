import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IrisWorkspace } from './iris-workspace.ts';

const attack = { attack: 'pgd', norm: 'Linf', epsilon: 0.3 };

/** Iris with a second model beside the first, made by `change` from its JSON. */
async function withTwin(
  fields: Record<string, unknown>,
  change: (json: string) => string = json => json,
): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  const models = join(workspace.folder, 'models');
  await cp(join(models, 'iris-mlp'), join(models, 'twin'), { recursive: true });
  const twin = join(models, 'twin/model.json');
  await writeFile(twin, change(await readFile(twin, 'utf8')));
  const path = join(workspace.folder, 'assay.config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  const changed = { ...config, attacks: [attack], uncertainty: { method: 'off' }, ...fields };
  await writeFile(path, JSON.stringify(changed));
  return workspace;
}

const transfer = { condition: 'transfer', from: 'models/twin/model.json', attack };

describe('adversaries of another model', () => {
  test('those of a twin do what the model’s own do', async () => {
    const workspace = await withTwin({ conditions: [transfer] });
    const { report } = await workspace.audit();
    const [own, theirs] = report.conditions.filter(({ kind }) => kind === 'attack');
    expect(theirs?.label).toBe(`${own?.label ?? ''} from twin`);
    expect(theirs?.outcomes).toEqual(own?.outcomes);
    expect(own?.outcomes?.succeeded).toBeGreaterThan(0);
    expect(theirs?.attack?.settings).toMatchObject({ madeOn: 'models/twin/model.json' });
    expect(report.files.filter(({ role }) => role === 'companion')).toHaveLength(2);
    // They are errors of this model, so they count where all attacks are taken together.
    expect(report.robustness?.worstCases[0]?.attacks).toContain(theirs?.id);
  });

  test('a model does not attack itself as another', async () => {
    const workspace = await withTwin({
      conditions: [{ ...transfer, from: 'models/iris-mlp/model.json' }],
    });
    const { report } = await workspace.audit();
    expect(report.flags).toContainEqual(expect.objectContaining({ id: 'condition-skipped' }));
  });

  test('one of another shape says so, and the others go on', async () => {
    const workspace = await withTwin({ conditions: [transfer] });
    const digits = join(import.meta.dirname, '../../examples/digits/models/digits-graph');
    await cp(digits, join(workspace.folder, 'models/twin'), { recursive: true });
    const { report } = await workspace.audit();
    const failed = report.conditions.find(({ state }) => state === 'failed');
    expect(failed?.error).toContain('the input has 1 channel.');
    expect(report.conditions.filter(({ state }) => state === 'finished').length).toBe(3);
  });
});

test('randomised smoothing proves what no attack of the audit contradicts', async () => {
  const workspace = await withTwin({
    attacks: [{ attack: 'ddn' }],
    smoothing: { deviation: 0.3, draws: 200 },
  });
  const { report } = await workspace.audit();
  const { certified } = report;
  expect(certified).toMatchObject({ method: 'randomised-smoothing', deviation: 0.3, draws: 200 });
  const counts = certified?.points.map(({ accuracy }) => accuracy.count) ?? [];
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(counts[0]).toBeLessThanOrEqual(report.data.samples - (certified?.abstained ?? 0));
  expect(counts[0]).toBeGreaterThan(0.4 * report.data.samples);
  // 200 copies prove no more than Φ⁻¹(0.001^(1/200)) σ = 1.82 σ.
  expect(Math.max(...(certified?.points.map(({ radius }) => radius) ?? []))).toBeLessThan(0.55);
  const again = await workspace.audit();
  expect(again.report.certified).toEqual(certified);
});

test('the mean of several passes of a model without random numbers is the model', async () => {
  const [one, three] = [await withTwin({}), await withTwin({ averagedPasses: 3 })];
  const [single, averaged] = [(await one.audit()).report, (await three.audit()).report];
  const own = averaged.conditions.find(({ kind }) => kind === 'attack');
  expect(own?.attack?.settings).toMatchObject({ averagedPasses: 3 });
  const first = single.conditions.find(({ kind }) => kind === 'attack');
  expect(own?.outcomes).toEqual(first?.outcomes);
});
