import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PieceTask } from '../../src/audit/piece.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { EngineError } from '../../src/engine/engine-error.ts';
import { openNpz } from '../../src/numpy/open-numpy.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { readReport } from '../../src/report/report-files.ts';
import { findStaleFiles } from '../../src/report/staleness.ts';
import { IrisWorkspace } from './iris-workspace.ts';

/** What a report says, without when and how fast it was made. */
function content({ samples, checks, flags, conditions, fingerprint }: AuditReport): unknown {
  return {
    samples,
    checks,
    flags,
    fingerprint,
    conditions: conditions.map(({ seconds: _, ...rest }) => rest),
  };
}

describe('an audit', () => {
  test('measures every condition and writes a report that can be read again', async () => {
    const workspace = await IrisWorkspace.make();
    const { report, reportPath } = await workspace.audit();
    expect(report.state).toBe('complete');
    expect(report.conditions.map(({ id, state }) => [id, state])).toEqual([
      ['clean', 'finished'],
      ['baseline', 'finished'],
      ['fgsm-linf-0.2', 'finished'],
      ['fgsm-l2-0.5', 'finished'],
      ['carlini-wagner-l2-quick', 'finished'],
      ['noise-like-fgsm-linf-0.2', 'finished'],
      ['noise-like-fgsm-l2-0.5', 'finished'],
      ['noise-like-carlini-wagner-l2-quick', 'finished'],
    ]);
    expect(report.gradientCheck?.verdict).toBe('agrees');
    expect(content(await readReport(reportPath))).toEqual(content(report));
    expect(await findStaleFiles(workspace.folder, report.files)).toEqual([]);
    expect(report.files.map(({ path, role }) => [path, role])).toEqual([
      ['assay.config.json', 'config'],
      ['models/iris-mlp/model.json', 'model'],
      ['models/iris-mlp/group1-shard1of1.bin', 'weights'],
      ['test.csv', 'data'],
    ]);
  });

  test('keeps the promises of its numbers', async () => {
    const workspace = await IrisWorkspace.make();
    const { report } = await workspace.audit();
    const byId = new Map(report.conditions.map(condition => [condition.id, condition]));
    const cleanWrong =
      (byId.get('clean')?.accuracy?.total ?? 0) - (byId.get('clean')?.accuracy?.count ?? 0);
    for (const condition of report.conditions.filter(({ kind }) => kind === 'attack')) {
      const { outcomes = {}, attackSuccess, accuracy, total } = condition;
      expect(outcomes['already-wrong'] ?? 0).toBe(cleanWrong);
      expect(attackSuccess?.total).toBe(total - cleanWrong);
      // What still stands is what was neither wrong before nor fooled.
      expect(accuracy?.count).toBe(total - cleanWrong - (outcomes.succeeded ?? 0));
    }
    for (const sample of report.samples.filter(({ role }) => role === 'sample')) {
      const fgsm = sample.conditions['fgsm-linf-0.2'];
      const cw = sample.conditions['carlini-wagner-l2-quick'];
      // Never beyond epsilon, up to one rounding of float32 at inputs of up to 8.
      expect(fgsm?.distance?.Linf).toBeLessThanOrEqual(0.2 + 1e-6);
      if (cw?.outcome === 'succeeded') expect(cw.prediction).not.toBe(sample.label);
      if (cw?.outcome === 'already-wrong') expect(cw.distance?.L2).toBe(0);
      expect(sample.conditions['clean']?.scores?.['mutual-information']).toBeGreaterThanOrEqual(0);
    }
    const roles = report.samples.map(({ index, role }) => `${role} ${index}`);
    expect(new Set(report.samples.map(({ index }) => index)).size).toBe(roles.length);
  });

  test('takes its attacks together: the worst of each sample, and curves that agree', async () => {
    const workspace = await IrisWorkspace.make();
    const { report } = await workspace.audit();
    const clean = report.conditions.find(({ id }) => id === 'clean')?.accuracy;
    const samples = report.samples.filter(({ role }) => role === 'sample');
    const { worstCases = [], curves = [] } = report.robustness ?? {};
    expect(worstCases.map(({ norm, epsilon }) => [norm, epsilon])).toEqual([
      ['Linf', 0.2],
      ['L2', 0.5],
    ]);
    for (const { norm, epsilon, accuracy } of worstCases) {
      // Counted again from what the report says of each sample.
      const standing = samples.filter(({ label, conditions }) =>
        Object.values(conditions).every(
          ({ prediction, distance }) =>
            prediction === label || (distance?.[norm] ?? 0) > epsilon * (1 + 1e-4),
        ),
      );
      expect(accuracy.count).toBe(standing.length);
    }
    expect(curves.map(({ condition, norm }) => [condition, norm])).toEqual([
      ['carlini-wagner-l2-quick', 'L2'],
      [null, 'L2'],
    ]);
    for (const { points, epsilonAtHalfAccuracy } of curves) {
      const values = points.map(({ accuracy }) => accuracy.count);
      expect(values[0]).toBe(clean?.count);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      const half = samples.length / 2;
      for (const { epsilon, accuracy } of points) {
        expect(accuracy.count > half).toBe(epsilon < (epsilonAtHalfAccuracy ?? Infinity));
      }
    }
  });

  test('counts what an attack breaks within its ε where float32 is too coarse to keep to it', async () => {
    // Ten thousand away from zero, neighbouring numbers of float32 are 0.001 apart.
    const workspace = await IrisWorkspace.make();
    await workspace.configure({
      data: { format: 'csv', file: 'test.csv', label: 'species', storedRange: [0, 8] },
      input: {
        bounds: [10000, 10008],
        preprocessing: { offset: -10000, mean: [5.83, 3.09, 3.72, 1.2] },
        classNames: ['setosa', 'versicolor', 'virginica'],
      },
      attacks: ['Linf', 'L2', 'L1'].map(norm => ({ attack: 'fgsm', norm, epsilon: 1.7 })),
    });
    const { report } = await workspace.audit();
    const attacks = report.conditions.filter(({ kind }) => kind === 'attack');
    expect(attacks).toHaveLength(3);
    for (const { attack, accuracy, outcomes } of attacks) {
      expect(outcomes?.succeeded).toBeGreaterThan(0);
      const together = report.robustness?.worstCases.find(({ norm }) => norm === attack?.norm);
      expect(together?.accuracy.count).toBeLessThanOrEqual(accuracy?.count ?? NaN);
    }
  });

  test('writes arrays that match the report', async () => {
    const workspace = await IrisWorkspace.make();
    const { report, reportPath } = await workspace.audit();
    for (const { id, total } of report.conditions) {
      const archive = await openNpz(join(reportPath, '..', report.arrays[id] ?? 'missing'));
      expect(archive.names.slice(0, 4)).toEqual(['inputs', 'logits', 'labels', 'indices']);
      expect(archive.names).toContain('score mutual-information');
      const logits = await archive.array('logits');
      const indices = await archive.array('indices');
      expect(logits.shape).toEqual([total, 3]);
      const rows = await logits.readRows(0, total);
      const order = await indices.readRows(0, total);
      for (const [position, index] of [...order].entries()) {
        const row = Array.from(rows.subarray(3 * position, 3 * position + 3));
        const sample = report.samples.find(candidate => candidate.index === index);
        expect(row.indexOf(Math.max(...row))).toBe(sample?.conditions[id]?.prediction);
      }
    }
  });

  test('the same seed gives the same report on one thread and on three', async () => {
    const [first, second] = [await IrisWorkspace.make(), await IrisWorkspace.make()];
    const one = await first.audit({}, { threads: 1 });
    const three = await second.audit({}, { threads: 3 });
    expect(content(three.report)).toEqual(content(one.report));
    const other = await second.audit({ overrides: { seed: 1 } });
    expect(other.report.fingerprint).not.toBe(one.report.fingerprint);
    expect(other.report.samples.map(({ index }) => index)).not.toEqual(
      one.report.samples.map(({ index }) => index),
    );
  });
});

describe('memory', () => {
  /** Audits on real tensor threads, three of them if memory allows. */
  async function auditWith(mebibytes: number): Promise<AuditReport> {
    const workspace = await IrisWorkspace.make();
    const { report } = await workspace.audit({
      openExecutor: subject => openThreads(subject, 3),
      availableMemory: () => mebibytes * 2 ** 20,
    });
    return report;
  }

  test('that does not hold a model on every thread lowers their number, and nothing else', async () => {
    const small = await auditWith(500);
    expect(small.engine.threads).toBe(2);
    expect(small.engine.notes).toEqual([
      expect.stringMatching(
        /^The audit uses 2 of 3 threads: each may take 17\d MiB with these models, and 500 MiB of memory are available\.$/,
      ),
    ]);
    const large = await auditWith(5000);
    expect(large.engine).toMatchObject({ threads: 3, notes: [] });
    expect(content(large)).toEqual(content(small));
  });

  test('that does not even hold one leaves one', async () => {
    const { engine, state } = await auditWith(1);
    expect([engine.threads, state]).toEqual([1, 'complete']);
  });
});

describe('what is finished is never computed again', () => {
  /** Counts pieces, and fails one of them. */
  function counter(fail?: (task: PieceTask) => boolean) {
    const ran: string[] = [];
    return {
      ran,
      beforePiece: (task: PieceTask) => {
        ran.push(task.step.kind);
        if (fail?.(task) === true) throw new EngineError('engine/failed', 'The engine failed.');
      },
    };
  }

  test('a second audit runs nothing and says the same', async () => {
    const workspace = await IrisWorkspace.make();
    const first = await workspace.audit();
    const second = counter();
    const { report } = await workspace.audit({}, second);
    expect(second.ran).toEqual([]);
    expect(content(report)).toEqual(content(first.report));
    const fresh = counter();
    await workspace.audit({ resume: false }, fresh);
    expect(fresh.ran.length).toBeGreaterThan(5);
  });

  test('one more attack runs that attack only', async () => {
    const workspace = await IrisWorkspace.make();
    await workspace.audit();
    const path = join(workspace.folder, 'assay.config.json');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace('"attacks": [', '"attacks": [{ "attack": "fgsm", "norm": "L1", "epsilon": 1 },'),
    );
    const second = counter();
    const { report } = await workspace.audit({}, second);
    expect(second.ran.toSorted()).toEqual(['attack', 'match-noise', 'score', 'score']);
    expect(report.conditions.map(({ id }) => id)).toContain('fgsm-l1-1');
  });

  test('a damaged piece is computed again', async () => {
    const workspace = await IrisWorkspace.make();
    const first = await workspace.audit();
    const pieces = join(workspace.folder, '.assay/pieces');
    for (const name of await readdir(pieces)) await writeFile(join(pieces, name), 'PK damaged');
    const second = counter();
    const { report } = await workspace.audit({}, second);
    expect(second.ran.length).toBeGreaterThan(5);
    expect(content(report)).toEqual(content(first.report));
  });

  test('a cancelled audit leaves a report, and goes on where it was', async () => {
    const workspace = await IrisWorkspace.make();
    const stop = new AbortController();
    const { report } = await workspace.audit(
      { signal: stop.signal },
      {
        beforePiece: ({ step }) => {
          if (step.kind === 'attack' && step.settings.attack === 'carlini-wagner') stop.abort();
        },
      },
    );
    expect(report.state).toBe('cancelled');
    const states = new Map(report.conditions.map(({ id, state }) => [id, state]));
    expect(states.get('clean')).toBe('finished');
    expect(states.get('carlini-wagner-l2-quick')).toBe('cancelled');
    const second = counter();
    const resumed = await workspace.audit({}, second);
    // The attack that was stopped and what follows it, and the look at the model that comes last.
    expect(second.ran.slice(-2)).toEqual(['probe', 'attack']);
    expect(second.ran.slice(0, -2).toSorted()).toEqual(['attack', 'match-noise', 'score', 'score']);
    expect(resumed.report.state).toBe('complete');
  });

  test('AutoAttack that is ended in a stage goes on with that stage, to the same report', async () => {
    const [whole, ended] = [await IrisWorkspace.make(), await IrisWorkspace.make()];
    for (const { folder } of [whole, ended]) {
      const path = join(folder, 'assay.config.json');
      const attack = '"attacks": [{ "attack": "autoattack", "norm": "Linf", "epsilon": 0.1 },';
      await writeFile(path, (await readFile(path, 'utf8')).replace('"attacks": [', attack));
    }
    const stagesOf = () => {
      const stages: string[] = [];
      const note = ({ step, stage, indices }: PieceTask): void => {
        if (step.kind !== 'attack' || step.settings.attack !== 'autoattack') return;
        stages.push(`${indices[0] ?? NaN}: ${stage?.number ?? NaN}`);
      };
      return { stages, note };
    };
    const uninterrupted = stagesOf();
    const { report } = await whole.audit({}, { beforePiece: uninterrupted.note });
    expect(uninterrupted.stages.length % 4).toBe(0);

    const stop = new AbortController();
    const first = stagesOf();
    const cancelled = await ended.audit(
      { signal: stop.signal },
      {
        beforePiece: task => {
          first.note(task);
          if (task.stage?.number === 2) stop.abort();
        },
      },
    );
    expect(cancelled.report.state).toBe('cancelled');
    const second = stagesOf();
    const resumed = await ended.audit({}, { beforePiece: second.note });
    expect(second.stages[0]).toBe(first.stages.at(-1));
    expect([...first.stages.slice(0, -1), ...second.stages]).toEqual(uninterrupted.stages);
    expect(content(resumed.report)).toEqual(content(report));
  });

  test('an attack that fails does not take the others with it', async () => {
    const workspace = await IrisWorkspace.make();
    const failing = counter(
      ({ step }) => step.kind === 'attack' && step.settings.attack === 'carlini-wagner',
    );
    const { report } = await workspace.audit({}, failing);
    expect(report.state).toBe('complete');
    const failed = report.conditions.find(({ id }) => id === 'carlini-wagner-l2-quick');
    expect(failed).toMatchObject({ state: 'failed', error: 'The engine failed.', accuracy: null });
    const control = report.conditions.find(({ id }) => id === 'noise-like-carlini-wagner-l2-quick');
    expect(control).toMatchObject({
      state: 'failed',
      error: 'It builds on C&W L2 (quick), which failed.',
    });
    expect(report.conditions.filter(({ state }) => state === 'finished')).toHaveLength(6);
    expect(report.checks.every(({ verdict }) => verdict !== 'unknown')).toBe(true);
  });

  test('a piece whose thread crashes once is run again', async () => {
    const workspace = await IrisWorkspace.make();
    let crashes = 0;
    const { report } = await workspace.audit(
      {},
      {
        beforePiece: ({ step }) => {
          if (step.kind !== 'attack' || crashes > 0) return;
          crashes++;
          throw new EngineError('engine/thread-crashed', 'A tensor thread crashed.');
        },
      },
    );
    expect(crashes).toBe(1);
    expect(report.conditions.every(({ state }) => state === 'finished')).toBe(true);
    expect(workspace.events).toContainEqual(
      expect.objectContaining({
        kind: 'notice',
        message: expect.stringContaining('crashed') as string,
      }),
    );
  });

  test('a report that cannot be written ends the audit with a reason', async () => {
    const workspace = await IrisWorkspace.make();
    // A file where the folder of the reports should be: not even root can write below it.
    await mkdir(join(workspace.folder, '.assay'), { recursive: true });
    await writeFile(join(workspace.folder, '.assay/pieces'), '');
    await expect(workspace.audit()).rejects.toMatchObject({
      code: 'audit/cannot-write',
      place: { file: expect.stringContaining('pieces') as string },
    });
  });
});
