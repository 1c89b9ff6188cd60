import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { startWasmBackend } from '../../src/engine/backends/wasm.ts';
import { WasmMemoryGuard } from '../../src/engine/backends/wasm-memory.ts';
import type { BatchFunction } from '../../src/engine/engine.ts';
import { EngineError } from '../../src/engine/engine-error.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const mebibyte = 2 ** 20;

/** Each sample of 1 KiB is blown up to 1 MiB on the way to its sum. */
const hungry: BatchFunction = {
  name: 'a hungry function',
  inputs: [[256]],
  compute: x => [tf.sum(tf.tile(x as tf.Tensor2D, [1, 1024]), 1)],
};

async function bytesInUse(): Promise<number> {
  return (await startWasmBackend()).memory.bytesInUse;
}

describe('the memory guard', () => {
  test('makes batches smaller until they fit, with the right results', async () => {
    const limit = (await bytesInUse()) + 20 * mebibyte;
    const engine = await openEngine({ name: 'wasm', memoryLimitBytes: limit, maximumBatch: 200 });
    const prepared = engine.prepare(hungry);
    const count = 200;
    const values = Float32Array.from({ length: count * 256 }, (_, i) => Math.floor(i / 256) % 50);
    // Whole numbers below 2²⁴ are exact in float32, sums included.
    const [sums = []] = await prepared.run(count, [values]);
    expect([...sums]).toEqual(Array.from({ length: count }, (_, row) => (row % 50) * 256 * 1024));
  });

  test('says so when not even one sample fits, and leaves nothing behind', async () => {
    const used = await bytesInUse();
    const engine = await openEngine({ name: 'wasm', memoryLimitBytes: used + mebibyte / 2 });
    const tensors = tf.memory().numTensors;
    const failure = engine.prepare(hungry).run(3, [new Float32Array(3 * 256)]);
    await expect(failure).rejects.toThrow(EngineError);
    await expect(failure).rejects.toMatchObject({ code: 'engine/out-of-memory' });
    expect(await bytesInUse()).toBe(used);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('works on after that', async () => {
    const engine = await openEngine({ name: 'wasm' });
    const [sums = []] = await engine.prepare(hungry).run(1, [new Float32Array(256).fill(2)]);
    expect([...sums]).toEqual([2 * 256 * 1024]);
  });

  test('knows how much every tensor takes', async () => {
    await openEngine({ name: 'wasm' });
    const before = await bytesInUse();
    const tensor = tf.zeros([1000]);
    expect((await bytesInUse()) - before).toBe(4000);
    tensor.dispose();
    expect(await bytesInUse()).toBe(before);
  });

  test('turns an allocation that fails into an error', () => {
    const module = { _malloc: (bytes: number) => (bytes > 100 ? 0 : 8), _free: () => undefined };
    const guard = new WasmMemoryGuard(module);
    expect(() => module._malloc(101)).toThrow(EngineError);
    expect(guard.bytesInUse).toBe(0);
  });
});
