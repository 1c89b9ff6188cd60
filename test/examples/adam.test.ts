import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { Adam } from '../../examples/digits/training/adam.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const inputs = [
  [0.5, -1, 2],
  [1, 0.25, -0.75],
];

function oneLayer(): Sequential {
  const kernelInitializer = 'ones';
  return sequential({
    layers: [layers.dense({ units: 2, inputShape: [3], kernelInitializer, activation: 'tanh' })],
  });
}

function loss(model: Sequential): tf.Scalar {
  return tf.mean(tf.square(tf.sub(model.apply(tf.tensor2d(inputs)) as tf.Tensor, 0.3)));
}

function weights(model: Sequential): number[] {
  return model.getWeights().flatMap(weight => Array.from(weight.dataSync()));
}

describe('Adam', () => {
  beforeAll(async () => {
    await openEngine({ name: 'cpu' });
    await tf.setBackend('cpu');
  });

  test('takes the steps of the optimiser of TensorFlow.js', () => {
    const ours = oneLayer();
    const theirs = oneLayer();
    const adam = new Adam(ours);
    const reference = tf.train.adam(0.05);
    for (let step = 0; step < 20; step++) {
      const before = loss(theirs).dataSync()[0] as number;
      expect(adam.minimise(() => loss(ours), 0.05)).toBeCloseTo(before, 5);
      const variables = theirs.trainableWeights
        .map(weight => weight.read())
        .filter(weight => weight instanceof tf.Variable);
      reference.minimize(() => loss(theirs), false, variables);
    }
    const expected = weights(theirs);
    weights(ours).forEach((weight, i) => expect(weight).toBeCloseTo(expected[i] as number, 5));
  });

  test('moves every weight by the learning rate in the first step', () => {
    const model = oneLayer();
    const before = weights(model);
    new Adam(model).minimise(() => loss(model), 0.01);
    weights(model).forEach((weight, i) =>
      expect(Math.abs(weight - (before[i] as number))).toBeCloseTo(0.01, 5),
    );
  });

  test('refuses a loss that a weight has no part in', () => {
    const model = oneLayer();
    expect(() => new Adam(model).minimise(() => tf.scalar(1), 0.01)).toThrow();
  });
});
