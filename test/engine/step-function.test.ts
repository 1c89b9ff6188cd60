import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { prepareStep, type StepFunction } from '../../src/engine/step-function.ts';
import { wganStep } from './compile/training-steps.ts';

let native: Engine;

beforeAll(async () => {
  native = await openEngine({ name: 'native' });
});

afterAll(() => native.dispose());

describe('a step on the native engine', () => {
  test('returns the same bits on one thread and on two', async () => {
    // As large as in a training: what is smaller is not divided between threads.
    const { name, shapes, compute, inputs } = wganStep(64);
    const step = { name, inputs: shapes, compute };
    const [one, two] = [await prepareStep(native, step, 1), await prepareStep(native, step, 2)];
    const expected = await one.run(inputs);
    expect(expected.length).toBe(7);
    // Its second call: the first one is checked.
    await two.run(inputs);
    expect(await two.run(inputs)).toEqual(expected);
    expect(native.notes).toEqual([]);
    await one.dispose();
    await two.dispose();
  });

  test('that does not return what TensorFlow.js returns is run by wasm, and a note says so', async () => {
    let factor = 2;
    const step: StepFunction = {
      name: 'a step of two minds',
      inputs: [[2]],
      compute: x => [tf.mul(x, factor)],
    };
    const engine = await openEngine({ name: 'native' });
    const prepared = await prepareStep(engine, step);
    factor = 3;
    expect(await prepared.run([Float32Array.of(1, 2)])).toEqual([Float32Array.of(3, 6)]);
    expect(await prepared.run([Float32Array.of(5, 6)])).toEqual([Float32Array.of(15, 18)]);
    expect(engine.notes).toEqual([
      'a step of two minds runs on the engine wasm. It differs from TensorFlow.js by 3.3e-1 of the largest value.',
    ]);
    engine.dispose();
  });

  test('that cannot be compiled is run by wasm, and a note says so', async () => {
    const step: StepFunction = {
      name: 'a step that reads',
      inputs: [[2]],
      compute: x => [tf.mul(x, x.dataSync().length)],
    };
    const engine = await openEngine({ name: 'native' });
    const prepared = await prepareStep(engine, step);
    expect(await prepared.run([Float32Array.of(1, 2)])).toEqual([Float32Array.of(2, 4)]);
    expect(engine.notes).toEqual([
      expect.stringMatching(/^a step that reads runs on the engine wasm\. /),
    ]);
    engine.dispose();
  });
});
