import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropy, logitsOf } from '../../examples/digits/training/logits.ts';
import { recipes } from '../../examples/digits/training/recipes.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const images = Float32Array.from({ length: 3 * 28 * 28 }, (_, i) => Math.abs(Math.sin(i)));

describe.each(['wasm', 'cpu'] as const)('logits for training on %s', engine => {
  beforeAll(async () => {
    await openEngine({ name: engine });
    await tf.setBackend(engine);
  });

  test.each(recipes)('their softmax is what $name predicts', recipe => {
    const model = recipe.build(7);
    const input = tf.tensor(images, [3, 28, 28, 1]);
    const expected = (model.predict(input) as tf.Tensor).dataSync();
    const found = tf.softmax(logitsOf(model, input)).dataSync();
    found.forEach((probability, i) => expect(probability).toBeCloseTo(expected[i] as number, 6));
  });

  test('cross-entropy is the logarithm of the odds, for confident samples too', () => {
    const logits = tf.tensor2d([
      [0, 0, 0, 0],
      [1, 3, 0, 0],
      [200, -200, 0, 0],
      [-200, 200, 0, 0],
    ]);
    const found = crossEntropy(logits, tf.tensor1d([2, 1, 0, 0], 'int32')).dataSync();
    expect(found[0]).toBeCloseTo(Math.log(4), 6);
    expect(found[1]).toBeCloseTo(Math.log(Math.exp(-2) + 1 + 2 * Math.exp(-3)), 6);
    expect(found[2]).toBe(0);
    expect(found[3]).toBeCloseTo(400, 4);
  });

  test('the caller decides what dropout does', () => {
    const model = sequential({
      layers: [
        layers.dropout({ rate: 0.25, inputShape: [2], name: 'noise' }),
        layers.dense({ units: 2, kernelInitializer: 'identity', activation: 'softmax' }),
      ],
    });
    const seen: unknown[] = [];
    const logits = logitsOf(model, tf.tensor2d([[1, 2]]), (values, rate, name) => {
      seen.push([rate, name]);
      return tf.mul(values, 10);
    });
    expect(Array.from(logits.dataSync())).toEqual([10, 20]);
    expect(seen).toEqual([[0.25, 'noise']]);
  });
});
