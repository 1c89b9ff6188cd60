import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CompiledFunction,
  compileFunction,
} from '../../../src/engine/compile/compile-function.ts';
import { openNativeEngine } from '../../../src/engine/compile/native-engine.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import type { BatchFunction, Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';
import { collectGarbage } from '../../host/collect-garbage.ts';

const [inputs, hidden, classes] = [300, 8192, 10];
const mebibyte = 2 ** 20;

function randomMatrix(rows: number, columns: number): tf.Variable<tf.Rank.R2> {
  const random = new Random(1, ['matrix', rows, columns]);
  const values = Float32Array.from({ length: rows * columns }, () => 0.05 * random.normal());
  return tf.variable(tf.tensor2d(values, [rows, columns]));
}

/** A dense network with 9.4 MiB in its first layer, its logits and their gradient. */
function denseNetwork(first: tf.Tensor2D, second: tf.Tensor2D, bias: tf.Tensor1D): BatchFunction {
  const logits = (x: tf.Tensor): tf.Tensor2D => {
    const layer = tf.fused.matMul({ a: x, b: first, bias, activation: 'relu' });
    return tf.matMul(layer, second);
  };
  return {
    name: 'logits and gradient',
    inputs: [[inputs]],
    compute: x => [logits(x), tf.grad(images => tf.sum(logits(images)))(x)],
  };
}

let runtime: Runtime;
let native: Engine;
let eager: Engine;
let network: BatchFunction;
let weightBytes: number;

beforeAll(async () => {
  eager = await openEngine({ name: 'wasm' });
  native = await openNativeEngine({ eager: await openEngine({ name: 'wasm' }) });
  runtime = await loadRuntime();
  const [first, second] = [randomMatrix(inputs, hidden), randomMatrix(hidden, classes)];
  weightBytes = 4 * (first.size + second.size);
  network = denseNetwork(first, second, tf.linspace(-1, 1, hidden));
});

afterAll(() => native.dispose());

function images(count: number): Float32Array {
  const random = new Random(2, ['images']);
  return Float32Array.from({ length: count * inputs }, () => random.uniform());
}

function compileFor(count: number): Promise<CompiledFunction> {
  return compileFunction(runtime, x => network.compute(x), [
    { shape: [count, inputs], type: 'float32' },
  ]);
}

describe('a network whose matrices are large', () => {
  test('returns what wasm returns, and the same bits for each row whatever the batch', async () => {
    const whole = await native.prepare(network).run(50, [images(50)]);
    const reference = await eager.prepare(network).run(50, [images(50)]);
    whole.forEach((values, output) => {
      const expected = reference[output] as Float32Array;
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      values.forEach((value, index) => {
        const error = Math.abs(value - (expected[index] as number)) / scale;
        if (!(error < 1e-5)) expect.fail(`output ${output}, number ${index} is off by ${error}`);
      });
    });
    for (const count of [1, 4, 16]) {
      const compiled = await compileFor(count);
      const part = await compiled.run([images(50).subarray(0, count * inputs)]);
      expect(part).toEqual(whole.map(values => values.subarray(0, (values.length / 50) * count)));
      await compiled.release();
    }
    expect(native.notes).toEqual([]);
  });

  test('has them in no session', async () => {
    const compiled = await compileFor(4);
    // The matrix of the last layer is small, and stays a constant of both products by it.
    expect(compiled.constantBytes).toBeLessThan(mebibyte / 2);
    await compiled.release();
  });

  test('keeps a small one as a constant', async () => {
    const small = randomMatrix(inputs, 64);
    const compiled = await compileFunction(runtime, x => [tf.matMul(x, small)], [
      { shape: [4, inputs], type: 'float32' },
    ]);
    expect(compiled.constantBytes).toBe(4 * small.size);
    await compiled.release();
  });

  test('compiled a dozen times takes less memory than two copies of the weights more', async () => {
    // What is made once for all: copies for the recording, and turned ones.
    const kept = [await compileFor(1)];
    const before = process.memoryUsage().rss;
    for (let count = 2; count < 14; count++) kept.push(await compileFor(count));
    expect(process.memoryUsage().rss - before).toBeLessThan(2 * weightBytes);
    for (const compiled of kept) await compiled.release();
  });

  test('follows a variable that is assigned', async () => {
    const matrix = randomMatrix(inputs, hidden);
    const compiled = native.prepare({
      name: 'product',
      inputs: [[inputs]],
      compute: x => [tf.matMul(x, matrix)],
    });
    const [before = []] = await compiled.run(1, [images(1)]);
    const doubled = tf.mul(matrix, 2);
    matrix.assign(doubled as tf.Tensor2D);
    const [after] = await compiled.run(1, [images(1)]);
    expect(after).toEqual(Float32Array.from(before, value => 2 * value));
    compiled.dispose();
    matrix.dispose();
  });
});

/** A layers model is kept by a cache of its library for good: its weights must not be. */
test('models that are opened and closed leave no copies of their weights', async () => {
  const engine = await openNativeEngine({ eager: await openEngine({ name: 'wasm' }) });
  const openAndClose = async (): Promise<void> => {
    const model = sequential();
    model.add(layers.dense({ units: hidden, inputShape: [inputs] }));
    const prepared = engine.prepare({
      name: 'model',
      inputs: [[inputs]],
      compute: x => [model.apply(x) as tf.Tensor],
    });
    await prepared.run(1, [images(1)]);
    prepared.dispose();
    model.dispose();
  };
  await openAndClose();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 4; round++) await openAndClose();
  collectGarbage();
  const copies = (process.memoryUsage().arrayBuffers - before) / (4 * inputs * hidden);
  // One is there until the next recording, turned as well.
  expect(copies).toBeLessThan(3);
});
