import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import type { BatchFunction } from '../../src/engine/engine.ts';
import { installedEngines, openInstalledEngine } from './installed-engines.ts';

const imageShape = [12, 12, 2];
const classes = 4;

/** A small network of the layers that image classifiers are made of, with fixed weights. */
function smallNetwork(): tfl.LayersModel {
  const { layers } = tfl;
  const model = tfl.sequential({
    layers: [
      layers.conv2d({ filters: 6, kernelSize: 3, inputShape: imageShape, padding: 'same' }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', useBias: true }),
      layers.batchNormalization({ scale: false }),
      layers.leakyReLU({ alpha: 0.1 }),
      layers.conv2d({ filters: 8, kernelSize: 3, activation: 'elu', dilationRate: 2 }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.5 }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'tanh' }),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
  });
  const random = new Random(5, ['weights']);
  const weights = model.getWeights().map(({ shape }, index) => {
    const size = tf.util.sizeFromShape(shape);
    // Variances and scales must be positive, and there is no harm in positive weights otherwise.
    const lower = shape.length === 1 ? 0.5 : -0.6;
    return tf.tensor(
      Float32Array.from({ length: size }, () => random.uniform(lower, 0.8 + 0.01 * index)),
      shape,
    );
  });
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** Cross-entropy of class 1 for each row, and its input gradient. */
function lossAndGradient(model: tfl.LayersModel): BatchFunction {
  const loss = (x: tf.Tensor): tf.Tensor1D => {
    const probabilities = model.apply(x, { training: false }) as tf.Tensor2D;
    return tf.neg(tf.log(tf.squeeze<tf.Tensor1D>(tf.slice(probabilities, [0, 1], [-1, 1]), [1])));
  };
  return {
    name: 'loss and gradient',
    inputs: [imageShape],
    compute: x => {
      const gradient = tf.grad((input: tf.Tensor) => tf.sum(loss(input)))(x);
      return [loss(x), gradient];
    },
  };
}

const engines = installedEngines();
const count = 5;
const images = (() => {
  const random = new Random(6, ['images']);
  const size = count * tf.util.sizeFromShape(imageShape);
  return Float32Array.from({ length: size }, () => random.uniform());
})();

beforeAll(async () => {
  for (const name of engines) await openInstalledEngine({ name });
});

describe.each(engines)('a layers model on %s', name => {
  test('has the input gradient that finite differences show', async () => {
    const model = smallNetwork();
    const prepared = (await openInstalledEngine({ name })).prepare(lossAndGradient(model));
    const [, gradient = new Float32Array(0)] = await prepared.run(count, [images]);

    // Along a random direction for each sample, in double precision over the samples' own losses.
    const size = images.length / count;
    const random = new Random(7, ['direction']);
    const direction = Float32Array.from(images, () => random.normal());
    const losses = async (step: number): Promise<Float32Array> => {
      const moved = images.map((value, i) => value + step * (direction[i] as number));
      const [values = new Float32Array(0)] = await prepared.run(count, [moved]);
      return values;
    };
    const step = 2e-4;
    const [above, below] = [await losses(step), await losses(-step)];
    for (let sample = 0; sample < count; sample++) {
      const difference = ((above[sample] as number) - (below[sample] as number)) / (2 * step);
      let slope = 0;
      for (let i = sample * size; i < (sample + 1) * size; i++) {
        slope += (gradient[i] as number) * (direction[i] as number);
      }
      expect(Math.abs(slope)).toBeGreaterThan(1e-3);
      // Both losses are float32, correct to some roundings of numbers below 1.
      const rounding = (2 * 2 ** -24) / step;
      expect(Math.abs(difference - slope)).toBeLessThan(0.03 * Math.abs(slope) + rounding);
    }
    model.dispose();
  });

  test('gives the same rows, bit for bit, however the batch is split', async () => {
    const model = smallNetwork();
    const fn = lossAndGradient(model);
    const whole = await (
      await openInstalledEngine({ name, maximumBatch: 100 })
    )
      .prepare(fn)
      .run(count, [images]);
    const single = await (
      await openInstalledEngine({ name, maximumBatch: 1 })
    )
      .prepare(fn)
      .run(count, [images]);
    expect(single).toEqual(whole);
    model.dispose();
  });

  test('leaves no tensor behind', async () => {
    const model = smallNetwork();
    const prepared = (await openInstalledEngine({ name })).prepare(lossAndGradient(model));
    await prepared.run(count, [images]);
    const before = tf.memory();
    for (let i = 0; i < 5; i++) await prepared.run(count, [images]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    model.dispose();
  });
});

test('all engines agree', async () => {
  const model = smallNetwork();
  const results = [];
  for (const name of engines) {
    const prepared = (await openInstalledEngine({ name })).prepare(lossAndGradient(model));
    results.push(await prepared.run(count, [images]));
  }
  const [[, expected = new Float32Array(0)] = [], ...others] = results;
  const scale = Math.max(...expected.map(Math.abs));
  for (const [, gradient = new Float32Array(0)] of others) {
    const largest = Math.max(
      ...gradient.map((value, i) => Math.abs(value - (expected[i] as number))),
    );
    expect(largest / scale).toBeLessThan(1e-4);
  }
  model.dispose();
});
