import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { checkGradient, type GradientCheck } from '../../src/engine/gradient-check.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';

const size = 30;
const count = 12;

function seeded(length: number, purpose: string): Float32Array {
  const random = new Random(9, [purpose]);
  return Float32Array.from({ length }, () => random.uniform(-1, 1));
}

/** `[batch]` from `[batch, size]`. */
type Loss = (x: tf.Tensor2D) => tf.Tensor;
type Distortion = (gradient: tf.Tensor, x: tf.Tensor) => tf.Tensor;

const first = seeded(size * 20, 'first');
const last = seeded(20, 'last');
const inputs = seeded(count * size, 'inputs');

function network(activation: (hidden: tf.Tensor) => tf.Tensor): Loss {
  return x => {
    const hidden = activation(tf.matMul(x, tf.tensor2d(first, [size, 20])));
    return tf.squeeze(tf.matMul(hidden, tf.tensor2d(last, [20, 1])), [1]);
  };
}

const smooth = network(hidden => tf.tanh(hidden));
const kinked = network(hidden => tf.relu(hidden));

async function check(
  loss: Loss,
  distort: Distortion = gradient => gradient,
): Promise<GradientCheck> {
  const engine = await openEngine({ name: 'wasm' });
  const prepared = engine.prepare({
    name: 'loss and gradient',
    inputs: [[size]],
    compute: (...tensors) => {
      const [x] = tensors as [tf.Tensor2D];
      const gradient = tf.grad((input: tf.Tensor) => tf.sum(loss(input as tf.Tensor2D)))(x);
      return [loss(x), distort(gradient, x)];
    },
  });
  return checkGradient(prepared, count, [inputs], { seed: 4 });
}

describe('a right gradient', () => {
  test.each([
    ['of a smooth network', smooth],
    ['of a network with kinks', kinked],
    ['of a linear function', (x: tf.Tensor2D) => tf.sum(tf.mul(x, 3), 1)],
    ['of a loss with a large constant', (x: tf.Tensor2D) => tf.add(smooth(x), 20)],
    ['of a loss on a tiny scale', (x: tf.Tensor2D) => tf.mul(smooth(x), 1e-6)],
  ] as const)('%s agrees', async (_, loss) => {
    const result = await check(loss);
    expect(result.verdict).toBe('agrees');
    expect(result.relativeError).toBeLessThan(0.02);
    expect(result.relativeErrors.length).toBeGreaterThan(count / 2);
    expect(result).toMatchObject({ nonFiniteGradients: 0, zeroGradients: 0 });
  });
});

describe('a wrong gradient', () => {
  test.each([
    ['a tenth too large', (g: tf.Tensor) => tf.mul(g, 1.12)],
    ['turned around', (g: tf.Tensor) => tf.neg(g)],
    ['its signs only', (g: tf.Tensor) => tf.sign(g)],
    [
      'half of it lost',
      (g: tf.Tensor) =>
        tf.pad(tf.slice(g, [0, 0], [-1, 15]), [
          [0, 0],
          [0, 15],
        ]),
    ],
    [
      'of the neighbouring input',
      (g: tf.Tensor) => tf.concat([tf.slice(g, [0, 1], [-1, 29]), tf.slice(g, [0, 0], [-1, 1])], 1),
    ],
  ] as const)('(%s) disagrees', async (_, distort) => {
    for (const loss of [smooth, kinked]) {
      expect((await check(loss, distort)).verdict).toBe('disagrees');
    }
  });

  test('that is wrong at some of the samples only disagrees', async () => {
    const firstValues = Array.from(
      { length: count },
      (_, sample) => inputs[sample * size] as number,
    );
    const threshold = [...firstValues].sort((a, b) => b - a)[4] as number;
    const { verdict, relativeErrors } = await check(smooth, (g, x) => {
      const isChosen = tf.greater(tf.slice(x, [0, 0], [-1, 1]), threshold);
      return tf.mul(g, tf.add(1, tf.cast(isChosen, 'float32')));
    });
    expect(relativeErrors.filter(error => error > 0.3)).toHaveLength(4);
    expect(verdict).toBe('disagrees');
  });

  test('that vanished is counted and disagrees', async () => {
    const result = await check(smooth, g => tf.zerosLike(g));
    expect(result).toMatchObject({ verdict: 'disagrees', zeroGradients: count, relativeError: 1 });
  });

  test('that is not finite is counted and disagrees', async () => {
    const result = await check(smooth, g => tf.div(g, 0));
    expect(result).toMatchObject({ verdict: 'disagrees', nonFiniteGradients: count });
  });
});

describe('no gradient', () => {
  test('of a function that is constant', async () => {
    const flat = await check(x => tf.sum(tf.mul(tf.step(x), 0), 1));
    expect(flat).toMatchObject({
      verdict: 'unavailable',
      relativeError: null,
      zeroGradients: count,
    });
  });

  test('through an operation that has none: says which', async () => {
    const result = await check(x => {
      const boxes = tf.tensor2d([0, 0, 1, 1], [1, 4]);
      const image = tf.reshape<tf.Rank.R4>(x, [-1, 5, 6, 1]);
      const cropped = tf.image.cropAndResize(image, boxes, tf.tensor1d([0], 'int32'), [2, 2]);
      return tf.add(tf.zeros([x.shape[0]]), tf.sum(cropped));
    });
    expect(result.verdict).toBe('unavailable');
    expect(result.problem).toContain('CropAndResize');
  });
});

test('the same seed gives the same directions', async () => {
  expect(await check(kinked)).toEqual(await check(kinked));
});
