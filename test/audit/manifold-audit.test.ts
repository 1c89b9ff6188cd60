import { describe, expect, test } from 'vitest';
import { ManifoldWorkshop } from '../../src/audit/manifold-workshop.ts';
import type { ManifoldProgress } from '../../src/protocol/worker-protocol.ts';
import { writeIrisManifold } from './iris-manifold.ts';
import { IrisWorkspace } from './iris-workspace.ts';

async function workspaceWithManifold(): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  await writeIrisManifold(
    workspace.folder,
    { steps: 300, naturalAdversaries: ['gradient', 'hybrid'] },
    { attacks: [{ attack: 'fgsm', norm: 'Linf', epsilon: 0.3 }], conditions: [] },
  );
  return workspace;
}

async function train(workspace: IrisWorkspace): Promise<ManifoldProgress[]> {
  const config = await workspace.config();
  if (config.manifold === undefined) throw new Error('there is no manifold');
  const workshop = await ManifoldWorkshop.open({
    purpose: 'manifold',
    folder: config.folder,
    modelPath: workspace.modelPath,
    input: config.config.input,
    data: config.data,
    manifold: config.manifold,
    seed: config.config.seed,
    engine: 'auto',
  });
  const progress: ManifoldProgress[] = [];
  await workshop.train(event => progress.push(event), undefined);
  workshop.dispose();
  return progress;
}

describe('an audit with a manifold', () => {
  test('says that it is not trained, and what to do', async () => {
    const workspace = await workspaceWithManifold();
    const { report } = await workspace.audit();
    expect(report.state).toBe('complete');
    expect(report.manifold).toMatchObject({ trained: false });
    expect(report.flags.some(({ remedy }) => remedy.includes('assay manifold train'))).toBe(true);
    expect(report.conditions.some(({ kind }) => kind === 'natural')).toBe(false);
  });

  test('searches natural adversaries, corrects every attack, and scores by the manifold', async () => {
    const workspace = await workspaceWithManifold();
    const progress = await train(workspace);
    expect(progress.at(-1)).toMatchObject({ step: 300, steps: 300 });
    expect(progress.at(-1)?.losses?.heldOutError).toBeGreaterThan(0);

    const { report } = await workspace.audit();
    const { manifold } = report;
    if (manifold?.trained !== true) return expect.fail('not trained');
    const natural = report.conditions.filter(({ kind }) => kind === 'natural');
    expect(natural.map(({ id, state }) => [id, state])).toEqual([
      ['natural-gradient', 'finished'],
      ['natural-hybrid', 'finished'],
    ]);
    for (const { id, outcomes = {}, attackSuccess, total } of natural) {
      const searched = (outcomes.succeeded ?? 0) + (outcomes.failed ?? 0);
      expect(attackSuccess?.total).toBe(searched);
      const others =
        (outcomes['already-wrong'] ?? 0) + (outcomes['reconstruction-misclassified'] ?? 0);
      expect(searched + others).toBe(total);
      for (const { label, conditions } of report.samples) {
        const sample = conditions[id];
        if (sample?.outcome !== 'succeeded') continue;
        expect(sample.prediction).not.toBe(label);
        expect(sample.latentDistance).toBeGreaterThan(0);
      }
    }

    // A row of the table is the count of the samples below it.
    for (const { condition, method, before, after, fixed, broken, kind } of manifold.corrections) {
      const samples = report.samples.filter(({ role }) => role === 'sample');
      const right = samples.filter(
        ({ label, conditions }) => conditions[condition]?.corrected?.[method]?.prediction === label,
      );
      expect(after.count).toBe(right.length);
      expect(after.count - before.count).toBe(fixed - broken);
      if (kind === 'adaptive') expect(condition).toBe('fgsm-linf-0.3');
    }
    const of = (condition: string): string[] =>
      manifold.corrections.filter(row => row.condition === condition).map(({ method }) => method);
    expect(of('clean')).toEqual(['reconstruction', 'refined-reconstruction']);
    expect(of('fgsm-linf-0.3')).toEqual([
      'reconstruction',
      'refined-reconstruction',
      'adaptive-reconstruction',
    ]);
    const scores = report.samples[0]?.conditions['clean']?.scores;
    expect(scores).toMatchObject({
      'reconstruction-error': expect.any(Number) as number,
      'reconstruction-divergence': expect.any(Number) as number,
      critic: expect.any(Number) as number,
    });

    // Nothing is computed again, natural adversaries and corrections included.
    const again = await workspace.audit();
    expect(again.report.samples).toEqual(report.samples);
    expect(again.report.manifold).toEqual(manifold);
  });
});
