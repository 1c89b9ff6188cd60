import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { EngineError } from '../../src/engine/engine-error.ts';
import {
  checkModelGradient,
  type GradientCheckOptions,
  type ModelGradientCheck,
} from '../../src/model/check-model-gradient.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

function filled(shape: number[], seed: number): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i + seed));
  return tf.tensor(values, shape);
}

const shape = [10, 10, 1];

/** Pictures with a black background, as digits have, where pooling layers tie. */
function pictures(): Batch {
  const batch = Batch.zeros(4, shape);
  batch.values.forEach((_, i) => {
    const x = i % 10;
    if (x > 3 && x < 7) batch.values[i] = (i * 0.37) % 1;
  });
  return batch;
}

/** Checks the gradient of logits made from a picture. @param lower bound; the upper one is 1 more */
async function check(
  logits: (pictures: tf.Tensor4D) => tf.Tensor,
  options: Pick<GradientCheckOptions, 'budgetMilliseconds' | 'clock' | 'restartDraws'> = {},
  lower = 0,
): Promise<ModelGradientCheck> {
  const classifier = functionClassifier(engine, {
    name: 'network under test',
    inputShape: shape,
    classCount: 3,
    bounds: { lower, upper: lower + 1 },
    apply: inputs => logits(inputs as tf.Tensor4D) as tf.Tensor2D,
  });
  const inputs = pictures();
  inputs.values.forEach((value, i) => (inputs.values[i] = lower + value));
  const result = await checkModelGradient(classifier, inputs, Int32Array.of(0, 1, 2, 0), {
    seed: 1,
    sampleIndices: [0, 1, 2, 3],
    ...options,
  });
  classifier.dispose();
  return result;
}

function head(features: tf.Tensor): tf.Tensor {
  const flat = tf.reshape(features, [features.shape[0], -1]);
  const kernel = tf.mul(filled([flat.shape[1] as number, 3], 3), 0.2);
  return tf.matMul(flat, kernel);
}

function convolution(inputs: tf.Tensor4D): tf.Tensor4D {
  return tf.conv2d(inputs, filled([3, 3, 1, 4], 1) as tf.Tensor4D, 1, 'valid');
}

/** The identity, whose gradient is not. */
function withGradient(change: (dy: tf.Tensor) => tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  return tf.customGrad(x => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => change(dy),
  }));
}

describe('a right gradient agrees', () => {
  test.each<[string, (x: tf.Tensor4D) => tf.Tensor]>([
    ['linear', x => head(x)],
    ['tanh', x => head(tf.tanh(convolution(x)))],
    ['relu', x => head(tf.relu(convolution(x)))],
    ['relu and max pooling', x => head(tf.maxPool(tf.relu(convolution(x)), 2, 2, 'valid'))],
    ['average pooling', x => head(tf.avgPool(tf.relu(convolution(x)), 2, 2, 'valid'))],
    ['a confident model', x => tf.mul(head(x), 20)],
    ['large logits', x => tf.add(head(x), 100)],
    ['a model that is wrong by thousands of logits', x => tf.mul(head(x), 5000)],
  ])('%s', async (_, network) => {
    const result = await check(network);
    expect(result.verdict).toBe('agrees');
    expect(result.relativeError).toBeLessThan(result.tolerance);
    expect(result.explanation).toMatch(
      /^The input gradient agrees with finite differences to \S+% along 2 random directions at \d samples\.$/,
    );
  });
});

describe('far from zero, where float32 is coarse', () => {
  const network = (x: tf.Tensor): tf.Tensor => head(tf.tanh(convolution(x as tf.Tensor4D)));

  test.each([-1000, 100, 1000, 5000])('a right gradient agrees: bounds from %d', async lower => {
    const result = await check(x => network(tf.sub(x, lower)), {}, lower);
    expect(result.verdict).toBe('agrees');
    // A layer that takes the large numbers rounds them, and subtracts what they have in common.
    const product = (x: tf.Tensor): tf.Tensor => head(tf.reshape(x, [x.shape[0], -1]));
    const constant = product(tf.fill([1, ...shape], lower));
    const rounded = await check(x => tf.sub(product(x), constant), {}, lower);
    expect(rounded.verdict).not.toBe('disagrees');
  });

  test.each([-1000, 100, 1000])('a wrong one disagrees: bounds from %d', async lower => {
    const wrong = withGradient(dy => tf.mul(dy, 1.25));
    const result = await check(x => network(wrong(tf.sub(x, lower))), {}, lower);
    expect(result.verdict).toBe('disagrees');
  });
});

describe('a wrong gradient disagrees', () => {
  test.each<[string, (dy: tf.Tensor) => tf.Tensor, number]>([
    ['a quarter too large', dy => tf.mul(dy, 1.25), 0.2],
    ['of the wrong sign', dy => tf.neg(dy), 2],
    ['zero', dy => tf.zerosLike(dy), 1],
  ])('%s', async (_, change, share) => {
    const wrong = withGradient(change);
    const result = await check(x => head(tf.tanh(convolution(wrong(x) as tf.Tensor4D))));
    expect(result.verdict).toBe('disagrees');
    // As a share of the larger of the two, whatever the directions.
    expect(Math.abs((result.relativeError ?? NaN) - share)).toBeLessThan(0.03);
    expect(result.explanation).toMatch(
      /^The input gradient differs from finite differences by \S+% .*: attacks that follow it say little about robustness\.$/,
    );
  });

  test('of one of two paths', async () => {
    const lost = withGradient(dy => tf.zerosLike(dy));
    const result = await check(x => {
      const features = tf.tanh(convolution(x));
      return tf.add(head(features), head(lost(tf.square(features))));
    });
    expect(result.verdict).toBe('disagrees');
  });
});

describe('where there is none', () => {
  test('flat', async () => {
    const result = await check(x => tf.mul(head(x), 0));
    expect(result).toMatchObject({
      verdict: 'unavailable',
      relativeError: null,
      explanation:
        'Beside none of the samples does the loss change smoothly enough to be compared.',
    });
  });

  test('not finite', async () => {
    const broken = withGradient(dy => tf.mul(dy, NaN));
    const result = await check(x => head(broken(x)));
    expect(result).toMatchObject({
      verdict: 'unavailable',
      relativeError: null,
      explanation: 'The input gradient, or the loss, is not finite beside some samples.',
    });
  });

  test('the engine has no gradient for an operation', async () => {
    const missing = new EngineError(
      'engine/gradient-unavailable',
      'The operation X has no gradient.',
    );
    const refusing = withGradient(() => {
      throw missing;
    });
    expect(await check(x => head(refusing(x)))).toMatchObject({
      verdict: 'unavailable',
      relativeError: null,
      explanation: 'The operation X has no gradient.',
    });
  });
});

describe('a model that draws random numbers', () => {
  /** TensorFlow.js seeds each generator with one number of `Math.random`. */
  const { random } = Math;
  afterEach(() => (Math.random = random));
  const restartDraws = (sample: number): void => {
    const stream = new Random(7, ['draws', sample]);
    Math.random = () => stream.uniform();
  };
  const noisy = (x: tf.Tensor): tf.Tensor => tf.add(x, tf.randomNormal(x.shape, 0, 0.3));
  const network = (x: tf.Tensor): tf.Tensor => head(tf.tanh(convolution(x as tf.Tensor4D)));

  test('has a right gradient, which agrees with the slope of one draw', async () => {
    const result = await check(x => network(noisy(x)), { restartDraws });
    expect(result.verdict).toBe('agrees');
    expect(result.relativeError).toBeLessThan(result.tolerance);
    expect(result.passDifference).toBeGreaterThan(1e-2);
    expect(result.explanation).toMatch(
      /directions at 4 samples, with the random numbers of the model held\.$/,
    );
  });

  test('also where it draws the same in each pass, but not for each sample', async () => {
    const seeded = (x: tf.Tensor): tf.Tensor =>
      tf.add(x, tf.randomNormal(x.shape, 0, 0.3, 'float32', 5));
    const result = await check(x => network(seeded(x)), { restartDraws });
    expect(result.verdict).toBe('agrees');
    expect(result.passDifference).toBeGreaterThan(1e-2);
  });

  test.each<[string, (dy: tf.Tensor) => tf.Tensor, number]>([
    ['a quarter too large', dy => tf.mul(dy, 1.25), 0.2],
    ['zero', dy => tf.zerosLike(dy), 1],
  ])('or a wrong one, which disagrees: %s', async (_, change, share) => {
    const wrong = withGradient(change);
    const result = await check(x => network(wrong(noisy(x))), { restartDraws });
    expect(result.verdict).toBe('disagrees');
    expect(Math.abs((result.relativeError ?? NaN) - share)).toBeLessThan(0.03);
    expect(result.passDifference).toBeGreaterThan(1e-2);
  });

  test('is not judged where its draws cannot be held', async () => {
    const result = await check(x => network(noisy(x)));
    expect(result).toMatchObject({ verdict: 'unavailable', relativeError: null });
    expect(result.explanation).toContain('cannot be held');
    expect(result.passDifference).toBeGreaterThan(1e-2);
  });

  test('one that draws none says nothing of it', async () => {
    expect(await check(x => network(x))).not.toHaveProperty('passDifference');
  });
});

test('stops when it is told to', async () => {
  const classifier = functionClassifier(engine, {
    name: 'stopped',
    inputShape: shape,
    classCount: 3,
    bounds: { lower: 0, upper: 1 },
    apply: inputs => head(inputs) as tf.Tensor2D,
  });
  const reason = new Error('enough');
  const stopped = checkModelGradient(classifier, pictures(), Int32Array.of(0, 1, 2, 0), {
    seed: 1,
    sampleIndices: [0, 1, 2, 3],
    signal: AbortSignal.abort(reason),
  });
  await expect(stopped).rejects.toBe(reason);
});

test('is content with two samples when the model is slow', async () => {
  let now = 0;
  // Each pass takes 5 ms; two samples take ten passes at least.
  const network = (x: tf.Tensor4D): tf.Tensor => {
    now += 5;
    return head(tf.tanh(convolution(x)));
  };
  const clock = (): number => now;
  expect((await check(network, { clock })).explanation).toContain('at 4 samples');
  const hasty = await check(network, { clock, budgetMilliseconds: 40 });
  expect(hasty.verdict).toBe('agrees');
  expect(hasty.explanation).toContain('at 2 samples');
});

test('depends on the seed and the samples alone', async () => {
  const network = (x: tf.Tensor4D): tf.Tensor => head(tf.relu(convolution(x)));
  expect(await check(network)).toEqual(await check(network));
});
