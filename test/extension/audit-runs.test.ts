import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  AuditRuns,
  type AuditRequest,
  type AuditRunsOptions,
} from '../../src/extension/audit-runs.ts';
import { AuditFailure, WorkerError } from '../../src/extension/worker-error.ts';

const modulePath = join(import.meta.dirname, 'unruly-worker.mjs');
const opened: AuditRuns[] = [];
const log: string[] = [];

function openRuns(options: Partial<AuditRunsOptions> = {}): AuditRuns {
  const runs = new AuditRuns({
    modulePath,
    log: line => log.push(line),
    startMilliseconds: 20_000,
    cancelMilliseconds: 300,
    idleMilliseconds: 60_000,
    ...options,
  });
  opened.push(runs);
  return runs;
}

function request(modelPath: string): AuditRequest {
  return { modelPath, configPath: 'config', engine: 'auto', threads: 0, overrides: {} };
}

/** Resolves when the worker has said that it is at work on this model. */
function atWork(runs: AuditRuns, modelPath: string): Promise<void> {
  return new Promise(resolve => {
    runs.onDidChange(run => {
      if (run.request.modelPath === modelPath && run.progress.fraction > 0) resolve();
    });
  });
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(runs => runs.dispose()));
  log.length = 0;
  delete process.env['UNRULY_START'];
});

describe('an audit', () => {
  test('passes on progress, reports, notices and the summary', async () => {
    const runs = openRuns();
    const seen: string[] = [];
    runs.onDidChange(({ state, progress }) => seen.push(`${state} ${progress.phase}`));
    runs.onDidReport(path => seen.push(`report ${path}`));
    runs.onNotice(message => seen.push(message));
    const ending = await runs.start(request('a'));
    expect(ending).toEqual({ state: 'complete', reportPath: 'a.report', failedChecks: 0 });
    expect(seen).toEqual([
      'waiting ',
      'running ',
      'running at a',
      'report a.report',
      'resume true',
      'report a.report',
      'running at a',
    ]);
    expect(runs.all).toEqual([]);
    await expect.poll(() => log).toContain('done with a');
  });

  test('waits for the one before it, and both use the same process', async () => {
    const runs = openRuns();
    const processes: (number | undefined)[] = [];
    runs.onDidReport(() => processes.push(runs.workerProcessId));
    const first = runs.start(request('a'));
    const second = runs.start(request('b'));
    expect(runs.all.map(run => run.request.modelPath)).toEqual(['a', 'b']);
    await Promise.all([first, second]);
    expect(new Set(processes).size).toBe(1);
    expect(processes[0]).toBeTypeOf('number');
  });

  test('is joined when it is asked for again', async () => {
    const runs = openRuns();
    const first = runs.start(request('a'));
    expect(runs.start(request('a'))).toBe(first);
    await first;
    expect(runs.start(request('a'))).not.toBe(first);
    await runs.whenIdle();
  });

  test('that fails says so in the words of the worker, and the worker goes on', async () => {
    const runs = openRuns();
    const failure: unknown = await runs.start(request('refuses')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuditFailure);
    expect(failure).toMatchObject({
      code: 'model/shard-missing',
      message: 'model.json: A shard is missing.',
    });
    const before = runs.workerProcessId;
    await runs.start(request('a'));
    expect(runs.workerProcessId).toBe(before);
  });

  test('that breaks inside the worker is called unexpected', async () => {
    await expect(openRuns().start(request('breaks'))).rejects.toThrow(
      /^Unexpected problem: .*undefined is not a model/,
    );
  });
});

describe('cancelling', () => {
  test('is answered by a worker that listens, which stays', async () => {
    const runs = openRuns();
    const ending = runs.start(request('polite'));
    await atWork(runs, 'polite');
    const processId = runs.workerProcessId;
    runs.cancel('polite');
    expect(await ending).toEqual({ state: 'cancelled' });
    expect(runs.workerProcessId).toBe(processId);
  });

  test.each(['deaf', 'stuck'])('kills a worker that is %s, and the next audit runs', async name => {
    const runs = openRuns();
    const ending = runs.start(request(name));
    const next = runs.start(request('a'));
    await atWork(runs, name);
    const processId = runs.workerProcessId ?? 0;
    const began = performance.now();
    runs.cancel(name);
    expect(await ending).toEqual({ state: 'cancelled' });
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(isAlive(processId)).toBe(false);
    expect(await next).toMatchObject({ state: 'complete' });
    expect(runs.workerProcessId).not.toBe(processId);
  });

  test('an audit that waits takes it out of the queue', async () => {
    const runs = openRuns();
    const first = runs.start(request('polite'));
    const second = runs.start(request('a'));
    await atWork(runs, 'polite');
    runs.cancel('a');
    runs.cancel('polite');
    expect(await Promise.all([first, second])).toEqual([
      { state: 'cancelled' },
      { state: 'cancelled' },
    ]);
  });
});

describe('a worker that ends by itself', () => {
  test.each([
    ['crash', 'exit code 3'],
    ['killed', 'signal SIGKILL'],
  ])('(%s) is explained, and the next audit starts a new one', async (name, reason) => {
    const runs = openRuns();
    const failure: unknown = await runs.start(request(name)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerError);
    expect(failure).toMatchObject({ code: 'worker/ended' });
    expect(String(failure)).toContain(reason);
    expect(await runs.start(request('a'))).toMatchObject({ state: 'complete' });
  });

  test('before it answers is explained, and what it wrote is in the log', async () => {
    process.env['UNRULY_START'] = 'exit';
    await expect(openRuns().start(request('a'))).rejects.toMatchObject({
      code: 'worker/did-not-start',
    });
    await expect.poll(() => log).toContain('cannot find the tensors');
  });

  test('does not happen by itself: without work it is let go after a while', async () => {
    const runs = openRuns({ idleMilliseconds: 50 });
    await runs.start(request('a'));
    const processId = runs.workerProcessId ?? 0;
    expect(isAlive(processId)).toBe(true);
    await expect.poll(() => isAlive(processId)).toBe(false);
    expect(runs.workerProcessId).toBeUndefined();
    expect(await runs.start(request('b'))).toMatchObject({ state: 'complete' });
  });
});

describe('a worker that crashes', () => {
  /** Runs the audit; with what was noticed, and the processes that were at work on it. */
  async function auditThroughCrashes(
    modelPath: string,
    engine: AuditRequest['engine'],
  ): Promise<{ ending: unknown; notices: string[]; processCount: number }> {
    const runs = openRuns();
    const notices: string[] = [];
    const processes = new Set<number | undefined>();
    runs.onNotice(message => notices.push(message));
    runs.onDidChange(({ progress }) => {
      if (progress.fraction > 0) processes.add(runs.workerProcessId);
    });
    const ending: unknown = await runs
      .start({ ...request(modelPath), engine })
      .catch((error: unknown) => error);
    processes.delete(undefined);
    return { ending, notices, processCount: processes.size };
  }

  test('is replaced by another, and by one without native code when that crashes too', async () => {
    const { ending, notices, processCount } = await auditThroughCrashes(
      'aborts unless wasm',
      'auto',
    );
    expect(ending).toMatchObject({ state: 'complete' });
    expect(notices).toEqual([
      'The audit process stopped: it ended with signal SIGSEGV. The audit goes on where it was.',
      'The audit process stopped: it ended with signal SIGSEGV. The audit starts again on WebAssembly.',
      'engine wasm',
    ]);
    expect(processCount).toBe(3);
  });

  test('again and again ends the audit', async () => {
    const { ending, notices, processCount } = await auditThroughCrashes('aborts', 'native');
    expect(ending).toMatchObject({ code: 'worker/crashed' });
    expect(String(ending)).toContain('signal SIGABRT');
    expect(notices).toHaveLength(1);
    expect(processCount).toBe(2);
  });
});

describe('a worker that does not fit', () => {
  test('by its version is refused and ended', async () => {
    process.env['UNRULY_START'] = 'other-version';
    await expect(openRuns().start(request('a'))).rejects.toThrow(/version 99/);
  });

  test('by its silence is given up', async () => {
    process.env['UNRULY_START'] = 'silent';
    await expect(openRuns({ startMilliseconds: 1500 }).start(request('a'))).rejects.toMatchObject({
      code: 'worker/unresponsive',
    });
  });

  test('is killed when it stays after its channel was closed', async () => {
    process.env['UNRULY_START'] = 'stays';
    const runs = openRuns();
    await runs.start(request('a'));
    const processId = runs.workerProcessId ?? 0;
    await runs.restartWorker();
    expect(isAlive(processId)).toBe(false);
  });
});
