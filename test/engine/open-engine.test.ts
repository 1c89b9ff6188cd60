import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import type { BatchFunction } from '../../src/engine/engine.ts';
import { installedEngines, openInstalledEngine } from './installed-engines.ts';

/** Row-wise: `x · w` and the sum of squares of the row. */
const product: BatchFunction = {
  name: 'product',
  inputs: [[3]],
  compute: x => [
    tf.matMul(x, tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])),
    tf.sum(tf.square(x as tf.Tensor2D), 1),
  ],
};

function expectedProduct(values: Float32Array): [number[], number[]] {
  const sums: number[] = [];
  const squares: number[] = [];
  for (let row = 0; row < values.length / 3; row++) {
    const [a = 0, b = 0, c = 0] = values.subarray(row * 3, row * 3 + 3);
    sums.push(a + 3 * b + 5 * c, 2 * a + 4 * b + 6 * c);
    squares.push(a * a + b * b + c * c);
  }
  return [sums, squares];
}

describe.each(installedEngines())('the engine %s', name => {
  test('computes the outputs of every row, whatever the number of rows', async () => {
    const engine = await openInstalledEngine({ name, maximumBatch: 7 });
    const prepared = engine.prepare(product);
    for (const count of [0, 1, 7, 8, 50]) {
      const values = Float32Array.from({ length: count * 3 }, (_, i) => (i % 11) - 5);
      const [sums, squares] = await prepared.run(count, [values]);
      const [expectedSums, expectedSquares] = expectedProduct(values);
      expect([...(sums ?? [])]).toEqual(expectedSums);
      expect([...(squares ?? [])]).toEqual(expectedSquares);
    }
  });

  test('leaves no tensor behind', async () => {
    const prepared = (await openInstalledEngine({ name })).prepare(product);
    const values = Float32Array.from({ length: 30 }, (_, i) => i);
    await prepared.run(10, [values]);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 20; i++) await prepared.run(10, [values]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses arrays of the wrong size', async () => {
    const prepared = (await openInstalledEngine({ name })).prepare(product);
    await expect(prepared.run(2, [new Float32Array(5)])).rejects.toThrow(RangeError);
  });
});
