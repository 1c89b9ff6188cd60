import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../../src/arrays/batch.ts';
import {
  type CompiledFunction,
  compileFunction,
} from '../../../src/engine/compile/compile-function.ts';
import { compiledKernels } from '../../../src/engine/compile/rules/rule-table.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import type { TensorFunction } from '../../../src/engine/compile/trace.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';
import { type KernelCase, kernelCases } from './kernel-cases.ts';

let runtime: Runtime;
const usedKernels = new Set<string>();

beforeAll(async () => {
  await openEngine({ name: 'cpu' });
  runtime = await loadRuntime();
});

/** All different and evenly spaced, so that a small step leads over no tie. */
function inputsOf({ shapes, range: [lower, upper] = [-0.9, 0.9] }: KernelCase): Float32Array[] {
  const total = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const order = new Random(1, ['inputs']).permutation(total);
  let start = 0;
  return shapes.map(shape => {
    const size = sizeOf(shape);
    const part = order.subarray(start, start + size);
    start += size;
    return Float32Array.from(part, index => lower + ((upper - lower) * (index + 0.5)) / total);
  });
}

function results(computed: tf.Tensor | readonly tf.Tensor[]): readonly tf.Tensor[] {
  return computed instanceof tf.Tensor ? [computed] : computed;
}

/** One number: the outputs and their squares, each weighted differently. */
function weightedSum(outputs: readonly tf.Tensor[]): tf.Scalar {
  const terms = outputs.map((output, index) => {
    const random = new Random(3, ['weights', index]);
    const weights = (): tf.Tensor => {
      const values = Float32Array.from({ length: output.size }, () => random.uniform(-1, 1));
      return tf.tensor(values, output.shape);
    };
    const linear = tf.mul(output, weights());
    return tf.sum(tf.add(linear, tf.mul(tf.square(output), weights())));
  });
  return tf.sum<tf.Scalar>(tf.stack(terms));
}

/** The loss of a case and its gradients by all inputs. */
function lossAndGradients(kernelCase: KernelCase): TensorFunction {
  return (...inputs) => {
    const loss = (...xs: tf.Tensor[]): tf.Scalar => weightedSum(results(kernelCase.compute(...xs)));
    const { value, grads } = tf.valueAndGrads(loss)(inputs);
    return [value, ...grads];
  };
}

/** How much the squared norm of the gradients changes with the inputs. */
function secondOrder(kernelCase: KernelCase): TensorFunction {
  return (...inputs) => {
    const loss = (...xs: tf.Tensor[]): tf.Scalar => weightedSum(results(kernelCase.compute(...xs)));
    const steepness = (...xs: tf.Tensor[]): tf.Scalar =>
      tf.sum<tf.Scalar>(
        tf.stack(
          tf
            .grads(loss)(xs)
            .map(gradient => tf.sum(tf.square(gradient))),
        ),
      );
    const { value, grads } = tf.valueAndGrads(steepness)(inputs);
    return [value, ...grads];
  };
}

function eager(
  fn: TensorFunction,
  { shapes }: KernelCase,
  inputs: readonly Float32Array[],
): Float32Array[] {
  const values: Float32Array[] = [];
  tf.tidy(() => {
    const tensors = inputs.map((input, index) => tf.tensor(input, [...(shapes[index] ?? [])]));
    for (const output of fn(...tensors)) values.push(Float32Array.from(output.dataSync()));
  });
  return values;
}

async function compiled(fn: TensorFunction, kernelCase: KernelCase): Promise<CompiledFunction> {
  const specs = kernelCase.shapes.map(shape => ({ shape, type: 'float32' }) as const);
  return compileFunction(runtime, fn, specs);
}

/** Compiles, runs and compares with TensorFlow.js, relative to the largest value of each output. */
async function expectAgreement(
  fn: TensorFunction,
  kernelCase: KernelCase,
): Promise<Float32Array[]> {
  const inputs = inputsOf(kernelCase);
  const expected = eager(fn, kernelCase, inputs);
  const program = await compiled(fn, kernelCase);
  const actual = (await program.run(inputs)).map(values => Float32Array.from(values));
  for (const kernel of program.kernels) usedKernels.add(kernel);
  await program.release();
  expected.forEach((values, output) => {
    // A loss is a sum whose terms may cancel each other.
    const [least, tolerance] = values.length === 1 ? [1, 1e-4] : [1e-6, 1e-5];
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), least);
    const computed = actual[output] as Float32Array;
    expect(computed.length).toBe(values.length);
    const error = values.reduce(
      (worst, value, index) => Math.max(worst, Math.abs(value - (computed[index] as number))),
      0,
    );
    expect(error / scale, `output ${output}`).toBeLessThan(tolerance);
  });
  return actual;
}

describe('a compiled kernel agrees with TensorFlow.js', () => {
  test.each(kernelCases)('$name', async kernelCase => {
    await expectAgreement((...inputs) => results(kernelCase.compute(...inputs)), kernelCase);
    if (kernelCase.forwardOnly) return;
    const [, ...gradients] = await expectAgreement(lossAndGradients(kernelCase), kernelCase);
    if (!kernelCase.bent) await expectDirectionalDerivative(kernelCase, gradients);
    if (kernelCase.secondOrder) await expectAgreement(secondOrder(kernelCase), kernelCase);
  });

  test('there is a case for every kernel that has a rule', () => {
    expect(compiledKernels.filter(kernel => !usedKernels.has(kernel))).toEqual([]);
  });
});

/** Compares the gradients with a central difference (of fourth order) of the compiled loss along a random direction. */
async function expectDirectionalDerivative(
  kernelCase: KernelCase,
  gradients: readonly Float32Array[],
): Promise<void> {
  const loss = await compiled(
    (...inputs) => [weightedSum(results(kernelCase.compute(...inputs)))],
    kernelCase,
  );
  const inputs = inputsOf(kernelCase);
  const random = new Random(5, ['direction']);
  const total = inputs.reduce((sum, { length }) => sum + length, 0);
  const [lower, upper] = kernelCase.range ?? [-0.9, 0.9];
  // Neighbouring inputs stay in their order, even at twice the step.
  const step = (0.2 * (upper - lower)) / total;
  const directions = inputs.map(values => values.map(() => random.sign()));
  const at = async (distance: number): Promise<number> => {
    const moved = inputs.map((values, input) =>
      values.map((value, index) => value + distance * (directions[input]?.[index] ?? 0)),
    );
    const [value] = await loss.run(moved);
    return value?.[0] ?? NaN;
  };
  const near = (await at(step)) - (await at(-step));
  const far = (await at(2 * step)) - (await at(-2 * step));
  const difference = (8 * near - far) / (12 * step);
  await loss.release();
  let expected = 0;
  let scale = 0;
  gradients.forEach((gradient, input) => {
    gradient.forEach((value, index) => {
      expected += value * (directions[input]?.[index] ?? 0);
      scale += value * value;
    });
  });
  expect(Math.abs(difference - expected) / Math.max(1e-3, Math.sqrt(scale))).toBeLessThan(3e-2);
}
