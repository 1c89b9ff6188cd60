import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AttackName, AttackSettings } from '../../src/attacks/attack-settings.ts';
import type { PieceTask } from '../../src/audit/piece.ts';
import type { AuditSubject } from '../../src/audit/subject.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from './iris-workspace.ts';

const linf = { norm: 'Linf', epsilon: 0.4 } as const;
const l2 = { norm: 'L2', epsilon: 0.8 } as const;

/** Every attack there is, as cheap as it can be and still do all that it does. */
const attacks: { readonly [Name in AttackName]: Extract<AttackSettings, { attack: Name }> } = {
  fgsm: { attack: 'fgsm', ...linf },
  bim: { attack: 'bim', ...l2, steps: 4 },
  pgd: { attack: 'pgd', norm: 'L1', epsilon: 1, steps: 4, restarts: 2 },
  'mi-fgsm': { attack: 'mi-fgsm', ...linf, steps: 4 },
  apgd: { attack: 'apgd', ...linf, loss: 'cross-entropy', steps: 6, restarts: 2 },
  square: { attack: 'square', ...l2, queries: 20 },
  noise: { attack: 'noise', ...linf, distribution: 'gaussian', draws: 5 },
  autoattack: { attack: 'autoattack', norm: 'Linf', epsilon: 0.8 },
  'carlini-wagner': { attack: 'carlini-wagner', preset: 'warm' },
  deepfool: { attack: 'deepfool', norm: 'Linf', steps: 6 },
  ddn: { attack: 'ddn', steps: 10 },
  fmn: { attack: 'fmn', norm: 'L1', steps: 10 },
  fab: { attack: 'fab', norm: 'L2', steps: 5 },
};

/** Two pieces of audited samples, one of them smaller, and as many of the separate clean set. */
const audited = 60;

/** Audits on real threads, each time in a folder of its own. */
async function auditOn(threads: number): Promise<{ report: AuditReport; subject: AuditSubject }> {
  const workspace = await IrisWorkspace.make();
  await addSamples(workspace.folder, 2 * audited + 40);
  await workspace.configure({
    samples: audited,
    attacks: Object.values(attacks),
    uncertainty: { method: 'mc-dropout', passes: 20 },
  });
  const subjects: AuditSubject[] = [];
  const { report } = await workspace.audit({
    openExecutor: subject => {
      subjects.push(subject);
      return openThreads(subject, threads);
    },
    availableMemory: () => Infinity,
  });
  expect(report.engine.threads).toBe(threads);
  const [subject] = subjects;
  if (subject === undefined) throw new RangeError('the audit opened nothing');
  return { report, subject };
}

/** Repeats the flowers until there are as many, each time a little longer and wider. */
async function addSamples(folder: string, count: number): Promise<void> {
  const file = join(folder, 'test.csv');
  const [header = '', ...flowers] = (await readFile(file, 'utf8')).trim().split('\n');
  const rows = Array.from({ length: count }, (_, i) => {
    const cells = (flowers[i % flowers.length] ?? '').split(',');
    const growth = 0.01 * Math.floor(i / flowers.length);
    const lengths = cells.slice(0, -1).map(cell => Number(cell) + growth);
    return [...lengths, cells.at(-1)].join(',');
  });
  await writeFile(file, [header, ...rows, ''].join('\n'));
}

/** All that a report says but when and how fast it was made, and on how many threads. */
function content(report: AuditReport): unknown {
  const { files, conditions, engine } = report;
  return {
    ...report,
    startedAt: undefined,
    updatedAt: undefined,
    seconds: undefined,
    engine: { name: engine.name, version: engine.version },
    files: files.map(({ modifiedMilliseconds: _, ...file }) => file),
    conditions: conditions.map(({ seconds: _, ...condition }) => condition),
  };
}

describe('with every attack', () => {
  let onOneThread: Awaited<ReturnType<typeof auditOn>>;
  beforeAll(async () => {
    onOneThread = await auditOn(1);
  });

  test('a report shows successes and failures, in several pieces', () => {
    const { state, conditions } = onOneThread.report;
    expect(state).toBe('complete');
    expect(conditions.filter(condition => condition.state !== 'finished')).toEqual([]);
    const attacked = conditions.filter(({ kind }) => kind === 'attack');
    expect(attacked.map(({ attack }) => attack?.name)).toEqual(Object.keys(attacks));
    for (const { total, outcomes } of attacked) {
      expect(total).toBe(audited);
      expect(outcomes?.succeeded).toBeGreaterThan(0);
    }
    expect(attacked.filter(({ outcomes }) => (outcomes?.failed ?? 0) > 0)).not.toEqual([]);
  });

  test('a report is the same on three threads', async () => {
    const onThree = await auditOn(3);
    expect(content(onThree.report)).toEqual(content(onOneThread.report));
  });

  test('adversaries are the same wherever pieces are cut, and in whatever order', async () => {
    const { report, subject } = onOneThread;
    const samples = report.samples.filter(({ role }) => role === 'sample');
    const indices = samples.map(({ index }) => index);
    const asAudited = await attackAll(subject, 1, indices, 50);
    const otherwise = await attackAll(subject, 3, indices.toReversed(), 23);
    expect(Object.keys(asAudited)).toEqual(Object.keys(attacks));
    expect(otherwise).toEqual(asAudited);
  });
});

/** What all attacks come to for each sample, by attack and index. */
async function attackAll(
  subject: AuditSubject,
  threads: number,
  indices: readonly number[],
  pieceSize: number,
): Promise<Record<string, Record<number, unknown>>> {
  const executor = await openThreads(subject, threads);
  try {
    const results: Record<string, Record<number, unknown>> = {};
    const run = async (task: PieceTask, name: string) => {
      const output = await executor.run(task);
      if (output.kind !== 'attack') throw new RangeError(`an attack gave ${output.kind}`);
      const { adversaries, logits, outcomes, steps, lostSuccess } = output;
      const found = (results[name] ??= {});
      for (const [row, index] of task.indices.entries()) {
        const rowOf = (values: Float32Array) => {
          const size = values.length / task.indices.length;
          return values.slice(row * size, (row + 1) * size);
        };
        found[index] = {
          adversary: rowOf(adversaries),
          logits: rowOf(logits),
          outcome: outcomes[row],
          steps: steps[row],
          lostSuccess: lostSuccess[row],
        };
      }
    };
    const tasks = Object.values(attacks).flatMap(settings =>
      Array.from({ length: Math.ceil(indices.length / pieceSize) }, (_, piece) => ({
        step: { kind: 'attack', settings, target: undefined } as const,
        indices: indices.slice(piece * pieceSize, (piece + 1) * pieceSize),
        inputs: undefined,
      })),
    );
    await Promise.all(tasks.map(task => run(task, task.step.settings.attack)));
    return results;
  } finally {
    await executor.dispose();
  }
}
