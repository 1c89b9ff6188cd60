import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileFunction } from '../../../src/engine/compile/compile-function.ts';
import { CompiledCache } from '../../../src/engine/compile/compiled-cache.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';

let runtime: Runtime;

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  runtime = await loadRuntime();
});

const input = { shape: [1, 64], type: 'float32' } as const;

/** Uses a product with a constant of 16 KiB. */
async function use(cache: CompiledCache, key: string): Promise<void> {
  const compile = (): ReturnType<typeof compileFunction> =>
    compileFunction(runtime, x => [tf.matMul(x, tf.ones([64, 64]))], [input]);
  await cache.use(key, compile, async compiled => {
    expect(compiled.constantBytes).toBeGreaterThanOrEqual(64 * 64 * 4);
    const [result] = await compiled.run([new Float32Array(64).fill(1)]);
    expect(result?.[0]).toBe(64);
  });
}

describe('compiled functions', () => {
  test('are kept up to a number, the ones used last', async () => {
    const cache = new CompiledCache({ functions: 2, bytes: Infinity });
    for (const key of ['a', 'b', 'a', 'c']) await use(cache, key);
    expect(['a', 'b', 'c'].map(key => cache.has(key))).toEqual([true, false, true]);
    cache.clear();
  });

  test('are kept up to a number of bytes, but four of them always', async () => {
    const cache = new CompiledCache({ functions: 16, bytes: 6 * 64 * 64 * 4 });
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const key of keys) await use(cache, key);
    expect(cache.size).toBeLessThanOrEqual(6);
    expect(cache.has('h')).toBe(true);
    expect(cache.has('a')).toBe(false);
    cache.clear();
    const small = new CompiledCache({ functions: 16, bytes: 1 });
    for (const key of keys) await use(small, key);
    expect(small.size).toBe(4);
    small.clear();
  });
});
