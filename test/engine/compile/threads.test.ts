import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../../src/engine/open-engine.ts';
import { ThreadPool } from '../../../src/engine/thread-pool.ts';
import type { ThreadAnswer, ThreadTask } from './thread-entry.ts';

const root = resolve(import.meta.dirname, '../../..');
const folders: string[] = [];

/** Bundles the thread's program as the extension is bundled, with ONNX Runtime left outside. */
async function bundleInto(parent: string, entry = 'thread-entry'): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'assay-threads-'));
  folders.push(folder);
  const outfile = join(folder, `${entry}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${entry}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node', 'node-fetch'],
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'silent',
  });
  return outfile;
}

let installed: string;
let withoutPackages: string;

beforeAll(async () => {
  installed = await bundleInto(join(root, 'node_modules/.cache'));
  withoutPackages = await bundleInto(tmpdir());
});

afterAll(async () => {
  await Promise.all(folders.map(folder => rm(folder, { recursive: true })));
});

/** Folder of the `.wasm` files, which are not part of the bundle. */
const wasmDirectory = join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

function runThread(
  file: string,
  seed: number,
  name: NonNullable<EngineOptions['name']>,
): Promise<ThreadAnswer> {
  const workerData: ThreadTask = { seed, options: { name, wasmDirectory } };
  return new Promise((done, fail) => {
    const worker = new Worker(file, { workerData });
    worker.on('message', done);
    worker.on('error', fail);
  });
}

function expectSoftmax(answer: ThreadAnswer, seed: number): void {
  if ('problem' in answer) throw new Error(answer.problem);
  const exponentials = [1, 2, 3, 4].map(x => Math.exp(x * seed));
  const sum = exponentials.reduce((a, b) => a + b);
  const row = exponentials.map(value => value / sum);
  [...row, ...row.toReversed()].forEach((value, i) => {
    expect(answer.values?.[i]).toBeCloseTo(value, 6);
  });
}

test('each thread has an engine of its own, and they run side by side', async () => {
  const seeds = [1, 2, 3];
  const answers = await Promise.all(seeds.map(seed => runThread(installed, seed, 'auto')));
  answers.forEach((answer, index) => {
    expect(answer).toMatchObject({ name: 'native', notes: [] });
    expectSoftmax(answer, seeds[index] as number);
  });
});

test('a thread can be ended whatever native code it runs, and the process lives on', async () => {
  const module = await bundleInto(join(root, 'node_modules/.cache'), 'busy-thread');
  for (let round = 0; round < 8; round++) {
    const data: EngineOptions = { name: 'native', wasmDirectory };
    const pool = new ThreadPool<null, never, number>({ module, size: 2, data });
    let calls = 0;
    const tasks = [1, 2].map(() => pool.run(null, { onProgress: () => (calls += 1) }));
    const ends = Promise.allSettled(tasks);
    await expect.poll(() => calls, { interval: 1, timeout: 20_000 }).toBeGreaterThan(round);
    await pool.close();
    for (const end of await ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'engine/disposed' } });
    }
  }
});

describe('where ONNX Runtime is not installed', () => {
  test('the native engine says so', async () => {
    expect(await runThread(withoutPackages, 1, 'native')).toEqual({
      problem:
        'The package onnxruntime-node is not installed. Install it next to Assay or to the model (npm install onnxruntime-node), or choose the engine `wasm`.',
    });
  });

  test('`auto` is wasm, with the reason', async () => {
    const answer = await runThread(withoutPackages, 1, 'auto');
    expect(answer).toMatchObject({
      name: 'wasm',
      notes: ['The native engine is not used. The package onnxruntime-node is not installed.'],
    });
    expectSoftmax(answer, 1);
  });
});

describe('an installation whose library does not load', () => {
  let broken: string;

  beforeAll(async () => {
    const folder = join(dirname(withoutPackages), 'node_modules/onnxruntime-node');
    await mkdir(folder, { recursive: true });
    broken = join(dirname(withoutPackages), 'beside-broken.cjs');
    await writeFile(join(folder, 'index.js'), 'throw new Error("ld-musl: no such file");');
    await copyFile(withoutPackages, broken);
  });

  test('is named with the file', async () => {
    const { problem } = (await runThread(broken, 1, 'native')) as { problem: string };
    expect(problem).toContain('onnxruntime-node/index.js: ONNX Runtime does not load (ld-musl');
  });

  test('leaves `auto` with wasm', async () => {
    const answer = await runThread(broken, 1, 'auto');
    expect(answer).toMatchObject({
      name: 'wasm',
      notes: ['The native engine is not used. ONNX Runtime does not load (ld-musl: no such file).'],
    });
    expectSoftmax(answer, 1);
  });
});
