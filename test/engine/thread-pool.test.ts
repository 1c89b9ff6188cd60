import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeError } from '../../src/errors/assay-error.ts';
import { ThreadPool } from '../../src/engine/thread-pool.ts';
import type { SampleRequest, SampleResponse } from './threads/sample-tasks.ts';

let folder: string;
let module: string;
let pool: ThreadPool<SampleRequest, SampleResponse, number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-threads-'));
  module = join(folder, 'sample-tasks.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'threads/sample-tasks.ts')],
    outfile: module,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  pool = new ThreadPool({ module, size: 2, data: { model: 'digits' } });
});

afterEach(() => pool.close());

async function elapsed(action: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action.catch(() => undefined);
  return performance.now() - began;
}

describe('tasks', () => {
  test('are answered, with buffers handed over and the data of the pool', async () => {
    const values = Float32Array.of(1, 2, 3);
    const answer = await pool.run({ kind: 'double', values }, { transfer: [values.buffer] });
    expect([...answer.values]).toEqual([2, 4, 6]);
    expect(answer.data).toEqual({ model: 'digits' });
    expect(values.length).toBe(0);
  });

  test('run side by side, as many as there are threads, the others wait', async () => {
    await Promise.all([1, 2].map(() => pool.run({ kind: 'wait', milliseconds: 1 })));
    const time = await elapsed(
      Promise.all([1, 2, 3, 4].map(() => pool.run({ kind: 'wait', milliseconds: 300 }))),
    );
    expect(time).toBeGreaterThan(590);
    expect(time).toBeLessThan(1150);
  });

  test('each get their own answer, in whatever order they end', async () => {
    const inputs = Array.from({ length: 30 }, (_, i) => i);
    const answers = await Promise.all(
      inputs.map(i => pool.run({ kind: 'double', values: Float32Array.of(i) })),
    );
    expect(answers.map(({ values }) => values[0])).toEqual(inputs.map(i => 2 * i));
  });

  test('report their progress in order', async () => {
    const heard: number[] = [];
    await pool.run({ kind: 'count', to: 5 }, { onProgress: progress => heard.push(progress) });
    expect(heard).toEqual([1, 2, 3, 4, 5]);
  });

  test('that throw are rejected, and the thread goes on', async () => {
    const failure = pool.run({ kind: 'throw', message: 'a strange thing' });
    await expect(failure).rejects.toMatchObject({ code: 'engine/failed' });
    await expect(failure).rejects.toThrow('a strange thing');
    await expect(pool.run({ kind: 'count', to: 0 })).resolves.toBeDefined();
  });

  test('hand on errors of ours with code, place and remedy', async () => {
    const error: unknown = await pool.run({ kind: 'throw-ours' }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'engine/out-of-memory' });
    expect(describeError(error)).toBe('conv1: It does not fit. Buy more.');
  });

  test('that cannot be copied between threads are rejected', async () => {
    const impossible = { kind: 'throw', message: () => 'a function' } as unknown as SampleRequest;
    await expect(pool.run(impossible)).rejects.toMatchObject({ code: 'engine/failed' });
    await expect(pool.run({ kind: 'count', to: 0 })).resolves.toBeDefined();
  });
});

describe('cancellation', () => {
  test('stops a task that looks at its signal, and keeps the thread', async () => {
    const task = pool.run(
      { kind: 'wait', milliseconds: 60_000 },
      { signal: AbortSignal.timeout(200) },
    );
    expect(await elapsed(task)).toBeLessThan(700);
    await expect(task).rejects.toMatchObject({ code: 'engine/cancelled' });
  });

  test('ends the thread of a task that hears nothing, within one second', async () => {
    await pool.run({ kind: 'count', to: 0 });
    const cancellation = new AbortController();
    const task = pool.run({ kind: 'spin' }, { signal: cancellation.signal });
    await elapsed(pool.run({ kind: 'wait', milliseconds: 100 }));
    cancellation.abort();
    expect(await elapsed(task)).toBeLessThan(1000);
    await expect(task).rejects.toMatchObject({ code: 'engine/cancelled' });
    await expect(pool.run({ kind: 'count', to: 0 })).resolves.toBeDefined();
  });

  test('takes a waiting task out of the queue at once', async () => {
    const busy = [1, 2].map(() => pool.run({ kind: 'wait', milliseconds: 400 }));
    const cancellation = new AbortController();
    const waiting = pool.run({ kind: 'wait', milliseconds: 0 }, { signal: cancellation.signal });
    cancellation.abort();
    expect(await elapsed(waiting)).toBeLessThan(100);
    await expect(waiting).rejects.toMatchObject({ code: 'engine/cancelled' });
    await Promise.all(busy);
  });

  test('before the start is no different', async () => {
    const task = pool.run({ kind: 'count', to: 0 }, { signal: AbortSignal.abort() });
    await expect(task).rejects.toMatchObject({ code: 'engine/cancelled' });
  });
});

describe('a thread that dies', () => {
  test.each([
    ['by an error that nobody caught', { kind: 'crash' }, 'nobody caught this'],
    ['by leaving', { kind: 'exit', code: 3 }, 'exit code 3'],
  ] as const)('%s rejects its own task only, and is replaced', async (_, request, reason) => {
    const neighbour = pool.run({ kind: 'wait', milliseconds: 300 });
    const victim = pool.run(request);
    await expect(victim).rejects.toMatchObject({ code: 'engine/thread-crashed' });
    await expect(victim).rejects.toThrow(reason);
    await expect(neighbour).resolves.toBeDefined();
    const answers = await Promise.all([1, 2].map(() => pool.run({ kind: 'count', to: 0 })));
    expect(answers).toHaveLength(2);
  });

  test('at its start rejects the task instead of starting for ever', async () => {
    const broken = new ThreadPool<SampleRequest, SampleResponse>({
      module: join(folder, 'missing.cjs'),
      size: 1,
    });
    const task = broken.run({ kind: 'count', to: 0 });
    await expect(task).rejects.toMatchObject({ code: 'engine/thread-crashed' });
    await broken.close();
  });
});

describe('a closed pool', () => {
  test('rejects what was running, what was waiting and what comes', async () => {
    const tasks = [1, 2, 3].map(() => pool.run({ kind: 'wait', milliseconds: 60_000 }));
    const settled = Promise.allSettled(tasks);
    await pool.close();
    const outcomes = await settled;
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(pool.run({ kind: 'spin' })).rejects.toMatchObject({ code: 'engine/disposed' });
  });
});
