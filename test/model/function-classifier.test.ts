import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier, LogitLoss } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';

/** Σ over classes of coefficient · logit²: its gradient by the logits is 2 · coefficient · logit. */
const weightedSquares: LogitLoss = {
  name: 'weighted squares',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [coefficients]) => tf.sum(tf.mul(tf.square(logits), coefficients ?? 1), 1),
};

const weights = [
  [1, -2],
  [0.5, 3],
  [-1, 0.25],
];

describe('a classifier from a function', () => {
  let engine: Engine;
  let classifier: Classifier;

  beforeAll(async () => {
    engine = await openEngine({ name: 'wasm' });
    classifier = functionClassifier(engine, {
      name: 'linear',
      inputShape: [3],
      classCount: 2,
      bounds: { lower: 0, upper: 1 },
      apply: inputs => tf.matMul(inputs, tf.tensor2d(weights)),
    });
  });
  afterAll(() => {
    classifier.dispose();
    engine.dispose();
  });

  const inputs = new Batch(new Float32Array([0.5, 0.25, 1, 0, 1, 0.5]), [3]);
  // x·W by hand.
  const logits = [0.5 + 0.125 - 1, -1 + 0.75 + 0.25, 0.5 - 0.5, 3 + 0.125];

  test('logits are the function’s', async () => {
    expect([...(await classifier.logits(inputs)).values]).toEqual(logits);
  });

  test('losses, logits and the gradient of each sample’s own loss come from one pass', async () => {
    const coefficients = new Float32Array([1, 2, 3, 4]);
    const result = await classifier.lossGradient(weightedSquares, inputs, [coefficients]);
    const squares = logits.map((logit, i) => (coefficients[i] ?? 0) * logit ** 2);
    expect([...result.logits.values]).toEqual(logits);
    expect([...result.losses]).toEqual([
      (squares[0] ?? 0) + (squares[1] ?? 0),
      (squares[2] ?? 0) + (squares[3] ?? 0),
    ]);
    const expected = [0, 1].flatMap(sample =>
      weights.map(row =>
        row.reduce((sum, weight, k) => {
          const at = 2 * sample + k;
          return sum + weight * 2 * (coefficients[at] ?? 0) * (logits[at] ?? 0);
        }, 0),
      ),
    );
    expect(result.gradient.shape).toEqual([3]);
    result.gradient.values.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
  });

  test('repeated passes leave no tensors behind', async () => {
    const coefficients = new Float32Array(4).fill(1);
    await classifier.lossGradient(weightedSquares, inputs, [coefficients]);
    const before = tf.memory().numTensors;
    await classifier.lossGradient(weightedSquares, inputs, [coefficients]);
    await classifier.logits(inputs);
    expect(tf.memory().numTensors).toBe(before);
  });
});
