import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CompiledFunction,
  compileFunction,
} from '../../../src/engine/compile/compile-function.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';
import { leNet } from './networks.ts';
import { carliniWagnerStep, type Step, wganStep } from './training-steps.ts';

let runtime: Runtime;

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  runtime = await loadRuntime();
});

function compileStep({ compute, shapes }: Step): Promise<CompiledFunction> {
  const specs = shapes.map(shape => ({ shape, type: 'float32' }) as const);
  return compileFunction(runtime, compute, specs);
}

function runEagerly({ compute, shapes, inputs }: Step): Float32Array[] {
  const values: Float32Array[] = [];
  tf.tidy(() => {
    const tensors = inputs.map((input, index) => tf.tensor(input, [...(shapes[index] ?? [])]));
    for (const output of compute(...tensors)) values.push(output.dataSync<'float32'>().slice());
  });
  return values;
}

const steps = [
  wganStep(3, [4, 6]),
  { ...wganStep(3, [16, 32]), name: 'The same in blocks' },
  carliniWagnerStep(leNet, 3),
];

describe('a whole step as one graph', () => {
  test.each(steps)('$name agrees with TensorFlow.js', async step => {
    const expected = runEagerly(step);
    const compiled = await compileStep(step);
    const actual = await compiled.run(step.inputs);
    expected.forEach((values, output) => {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      values.forEach((value, index) => {
        const error = Math.abs(value - (actual[output]?.[index] ?? NaN)) / scale;
        if (!(error < 1e-5)) expect.fail(`output ${output}, number ${index} is off by ${error}`);
      });
    });
    await compiled.release();
  });

  test('the gradients of the critic are those of its loss, to second order', async () => {
    // Smooth, unlike leaky relu, whose slope jumps.
    const step = wganStep(3, [4, 6], tf.softplus);
    const compiled = await compileStep(step);
    const [, ...gradients] = await compiled.run(step.inputs);
    const random = new Random(1, ['directions']);
    for (let attempt = 0; attempt < 3; attempt++) {
      // Only the weights move; the first three inputs are images and how they are mixed.
      const directions = step.inputs.map((values, index) =>
        values.map(() => (index < 3 ? 0 : 0.05 * random.normal())),
      );
      const lossAt = async (distance: number): Promise<number> => {
        const moved = step.inputs.map((values, index) =>
          values.map((value, at) => value + distance * (directions[index]?.[at] ?? 0)),
        );
        const [loss] = await compiled.run(moved);
        return loss?.[0] ?? NaN;
      };
      const h = 0.01;
      const near = (await lossAt(h)) - (await lossAt(-h));
      const far = (await lossAt(2 * h)) - (await lossAt(-2 * h));
      const difference = (8 * near - far) / (12 * h);
      let expected = 0;
      gradients.forEach((gradient, index) => {
        gradient.forEach((value, at) => {
          expected += value * (directions[index + 3]?.[at] ?? 0);
        });
      });
      expect(difference / expected).toBeCloseTo(1, 1.5);
    }
    await compiled.release();
  });

  test('what no result needs is not computed', async () => {
    const onlyInput = await compileFunction(
      runtime,
      (x, w) => {
        const [dx] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
          tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'),
        )([x, w]);
        return [dx as tf.Tensor];
      },
      [
        { shape: [1, 5, 5, 2], type: 'float32' },
        { shape: [3, 3, 2, 4], type: 'float32' },
      ],
    );
    expect(onlyInput.kernels).toEqual(['Conv2DBackpropInput']);
    await onlyInput.release();
  });

  test('integers in, integers and truth values out', async () => {
    const compiled = await compileFunction(
      runtime,
      x => [tf.gather(tf.tensor1d([5, 6, 7], 'int32'), x), tf.greater(x, 1)],
      [{ shape: [4], type: 'int32' }],
    );
    const results = await compiled.run([Int32Array.of(2, 0, 1, 2)]);
    expect(results).toEqual([Int32Array.of(7, 5, 6, 7), Uint8Array.of(1, 0, 0, 1)]);
    await compiled.release();
  });

  test('a result that is an input, a constant or another result', async () => {
    const compiled = await compileFunction(
      runtime,
      x => [x, tf.tensor1d([1, 2]), tf.square(x), tf.square(x)],
      [{ shape: [2], type: 'float32' }],
    );
    const results = await compiled.run([Float32Array.of(3, 4)]);
    expect(results).toEqual([
      Float32Array.of(3, 4),
      Float32Array.of(1, 2),
      Float32Array.of(9, 16),
      Float32Array.of(9, 16),
    ]);
    await compiled.release();
  });

  test('a tracing leaves no tensors behind', async () => {
    const step = wganStep(2, [2, 3]);
    const { numTensors } = tf.memory();
    const compiled = await compileStep(step);
    expect(tf.memory().numTensors).toBe(numTensors);
    await compiled.release();
  });

  test('inputs of the wrong length are refused', async () => {
    const step = wganStep(2, [2, 3]);
    const compiled = await compileStep(step);
    await expect(compiled.run([new Float32Array(3)])).rejects.toThrow(RangeError);
    await compiled.release();
  });
});
