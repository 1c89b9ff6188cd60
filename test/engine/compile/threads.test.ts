import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const folders: string[] = [];

/** Bundles the thread's program as the extension is bundled, with ONNX Runtime left outside. */
async function bundleInto(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'assay-threads-'));
  folders.push(folder);
  const outfile = join(folder, 'thread.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'thread-entry.ts')],
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

function runThread(file: string, seed: number): Promise<unknown> {
  return new Promise((done, fail) => {
    const worker = new Worker(file, { workerData: seed });
    worker.on('message', done);
    worker.on('error', fail);
  });
}

test('each thread has an engine of its own, and they run side by side', async () => {
  const seeds = [1, 2, 3];
  const results = await Promise.all(seeds.map(seed => runThread(installed, seed)));
  results.forEach((result, index) => {
    const exponentials = [1, 2, 3, 4].map(x => Math.exp(x * (seeds[index] as number)));
    const sum = exponentials.reduce((a, b) => a + b);
    const row = exponentials.map(value => value / sum);
    const { values, notes } = result as { values: Float32Array; notes: string[] };
    expect(notes).toEqual([]);
    [...row, ...row.toReversed()].forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 6);
    });
  });
});

test('where ONNX Runtime is not installed, the engine says so', async () => {
  expect(await runThread(withoutPackages, 1)).toEqual({
    problem: expect.stringMatching(
      /^ONNX Runtime does not load \(Cannot find package 'onnxruntime-node'.*\)\. Install onnxruntime-node, or choose the engine `wasm`\.$/,
    ) as unknown,
  });
});
