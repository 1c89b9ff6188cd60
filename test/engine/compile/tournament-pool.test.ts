import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../../src/arrays/batch.ts';
import { channelBlockOf } from '../../../src/engine/compile/block-size.ts';
import { compileFunction } from '../../../src/engine/compile/compile-function.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';

let runtime: Runtime;

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  runtime = await loadRuntime();
});

type Pair = readonly [number, number];

/** Maxima of windows side by side, and the gradient sent to the first of each in reading order. */
function byDefinition(
  x: Float32Array,
  dy: Float32Array,
  [batch, height, width, channels]: readonly [number, number, number, number],
  [down, across]: Pair,
): { readonly y: Float32Array; readonly dx: Float32Array } {
  const y = new Float32Array(dy.length);
  const dx = new Float32Array(x.length);
  const [rows, columns] = [height / down, width / across];
  for (let index = 0; index < y.length; index++) {
    const channel = index % channels;
    const column = Math.floor(index / channels) % columns;
    const row = Math.floor(index / channels / columns) % rows;
    const sample = Math.floor(index / channels / columns / rows);
    let winner = -1;
    for (let tap = 0; tap < down * across; tap++) {
      const top = row * down + Math.floor(tap / across);
      const left = column * across + (tap % across);
      const place = ((sample * height + top) * width + left) * channels + channel;
      if (winner < 0 || (x[place] as number) > (x[winner] as number)) winner = place;
    }
    y[index] = x[winner] as number;
    dx[winner] = dy[index] as number;
  }
  expect(batch * rows * columns * channels).toBe(y.length);
  return { y, dx };
}

const windows = fc.constantFrom<Pair>([2, 2], [1, 2], [2, 1]);

describe('max pools of pairs', () => {
  test('send each gradient to the first maximum of its window, bit for bit, however many are equal', async () => {
    await fc.assert(
      fc.asyncProperty(
        windows,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(3, 16, 48),
        // How many different numbers there are: with two, nearly each window has a tie.
        fc.constantFrom(2, 4, 1000),
        fc.boolean(),
        fc.integer(),
        async (size, batch, rows, columns, channels, levels, isActive, seed) => {
          const shape = [batch, rows * size[0], columns * size[1], channels] as const;
          const pooled = [batch, rows, columns, channels];
          const random = new Random(seed, ['tournament']);
          const draw = (lengths: readonly number[]): Float32Array =>
            Float32Array.from(
              { length: sizeOf(lengths) },
              () => Math.floor(random.uniform(0, levels)) - levels / 2,
            );
          const inputs = [draw(shape), draw(pooled)] as const;
          const compiled = await compileFunction(
            runtime,
            (x, dy) => {
              const pool = (image: tf.Tensor): tf.Tensor =>
                tf.maxPool(
                  (isActive ? tf.relu(image) : image) as tf.Tensor4D,
                  [...size],
                  [...size],
                  'valid',
                );
              return [pool(x), tf.grad(pool)(x, dy)];
            },
            [shape, pooled].map(lengths => ({ shape: lengths, type: 'float32' })),
          );
          const [y = [], dx = []] = await compiled.run([...inputs]);
          await compiled.release();
          const active = isActive ? inputs[0].map(value => Math.max(0, value)) : inputs[0];
          const expected = byDefinition(active, inputs[1], [...shape], size);
          if (isActive) inputs[0].forEach((value, place) => value > 0 || (expected.dx[place] = 0));
          // Zeros of either sign are equal here.
          expect(Float32Array.from(y, value => value + 0)).toEqual(expected.y);
          expect(Float32Array.from(dx, value => value + 0)).toEqual(
            expected.dx.map(value => value + 0),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('and the convolutions around them stay in blocks of channels', async () => {
    const block = await channelBlockOf(runtime);
    if (block === undefined) return;
    const random = new Random(1, ['filters']);
    const constant = (shape: [number, number, number, number]): tf.Tensor4D =>
      tf.tensor4d(
        Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
        shape,
      );
    const [first, second] = [constant([3, 3, 1, 32]), constant([3, 3, 32, 64])];
    const convolve = (x: tf.Tensor, filter: tf.Tensor4D): tf.Tensor4D =>
      tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, filter, 1, 'valid'), 0.1));
    const compiled = await compileFunction(
      runtime,
      x => [
        tf.grad(image => tf.maxPool(convolve(convolve(image, first), second), 2, 2, 'valid'))(x),
      ],
      [{ shape: [2, 12, 12, 1], type: 'float32' }],
    );
    await compiled.release();
    const operators = compiled.nodes.map(({ operator }) => operator);
    expect(operators.filter(operator => operator === 'MaxUnpool')).toEqual([]);
    const reorders = operators.filter(operator => operator.startsWith('Reorder'));
    // The gradient comes in as natural, and leaves blocks for the convolution to a single channel.
    expect(reorders.length).toBeLessThanOrEqual(2);
  });
});
