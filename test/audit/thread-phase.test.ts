import { describe, expect, test } from 'vitest';
import type { PieceExecutor } from '../../src/audit/piece-executor.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { ThreadPhase } from '../../src/audit/thread-phase.ts';
import type { AuditSubject } from '../../src/audit/subject.ts';
import { IrisWorkspace } from './iris-workspace.ts';

describe('a phase', () => {
  test('that began before the task is told when it starts, and its end too', async () => {
    const phase = new ThreadPhase();
    const heard: (string | undefined)[] = [];
    phase.enter('first');
    const result = await phase.during(
      entered => heard.push(entered),
      async () => {
        await Promise.resolve();
        phase.enter('second');
        phase.enter(undefined);
        return 7;
      },
    );
    expect(result).toBe(7);
    expect(heard).toEqual(['first', 'second', undefined]);
  });

  test('that a task leaves behind ends with it, whether it fails or not', async () => {
    const phase = new ThreadPhase();
    const heard: (string | undefined)[] = [];
    const failing = phase.during(
      entered => heard.push(entered),
      () => {
        phase.enter('fitting');
        return Promise.reject(new Error('no'));
      },
    );
    await expect(failing).rejects.toThrow('no');
    await phase.during(
      entered => heard.push(entered),
      () => Promise.resolve(),
    );
    phase.enter('nobody hears');
    expect(heard).toEqual(['fitting', undefined]);
  });
});

test('the progress says what is fitted, before and in the middle of the audit', async () => {
  const workspace = await IrisWorkspace.make();
  await workspace.configure({
    samples: 10,
    conditions: [],
    attacks: [{ attack: 'fgsm', norm: 'L2', epsilon: 0.5 }],
    uncertainty: { method: 'laplace', passes: 'auto' },
  });
  await workspace.audit({
    engine: 'wasm',
    openExecutor: (subject: AuditSubject): Promise<PieceExecutor> => openThreads(subject, 1),
  });
  const told = workspace.events.filter(event => event.kind === 'progress');
  const phases = told.map(({ phase }) => phase);
  const first = phases.indexOf('Fitting the posterior');
  expect(phases[0]).toBe('Opening model and data');
  expect(first).toBeGreaterThan(0);
  expect(phases.indexOf('Choosing the number of passes')).toBeGreaterThan(first);
  const fitting = phases.indexOf('Fitting scores');
  expect(fitting).toBeGreaterThan(phases.indexOf('Checking the model’s gradient'));
  // The bar does not fall back to the start.
  expect(told[fitting]?.fraction).toBeGreaterThan(0);
  expect(phases.filter(phase => phase === 'Fitting scores')).toHaveLength(1);
  expect(phases[fitting + 1]).not.toBe('Opening model and data');
});
