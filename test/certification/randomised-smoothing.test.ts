import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { lowerBound } from '../../src/certification/binomial-bound.ts';
import { normalQuantile } from '../../src/certification/normal-quantile.ts';
import { certify } from '../../src/certification/randomised-smoothing.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';

describe('bounds', () => {
  test('quantiles of the normal distribution', () => {
    // Tables of the standard normal distribution.
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 11);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
    expect(normalQuantile(0.999)).toBeCloseTo(3.090232306167813, 11);
    expect(normalQuantile(0.9999)).toBeCloseTo(3.719016485455709, 11);
    expect(normalQuantile(0.01)).toBeCloseTo(-2.3263478740408408, 11);
  });

  test.each([
    [100, 1.5005],
    [1000, 2.4633],
    [10_000, 3.1986],
    [100_000, 3.8115],
  ])('the largest radius of %i copies is %f σ at α = 0.001', (draws, radius) => {
    expect(normalQuantile(lowerBound(draws, draws, 0.001))).toBeCloseTo(radius, 4);
  });

  test('Clopper and Pearson, against exact binomial tails', () => {
    // P(X ≥ 2 of 3) = 3p² − 2p³ and P(X ≥ 1 of 2) = 2p − p², solved for 0.05.
    const two = lowerBound(2, 3, 0.05);
    expect(3 * two ** 2 - 2 * two ** 3).toBeCloseTo(0.05, 12);
    expect(lowerBound(1, 2, 0.05)).toBeCloseTo(1 - Math.sqrt(0.95), 12);
    expect(lowerBound(0, 10, 0.05)).toBe(0);
    expect(lowerBound(10, 10, 0.05)).toBeCloseTo(0.05 ** 0.1, 12);
    // R: binom.test(990, 1000, alternative = "greater", conf.level = 0.999)$conf.int[1] is near
    // the normal approximation, and always below the share itself.
    expect(lowerBound(990, 1000, 0.001)).toBeGreaterThan(0.974);
    expect(lowerBound(990, 1000, 0.001)).toBeLessThan(0.99);
  });
});

describe('a linear model under noise', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ name: 'wasm' });
  });
  afterAll(() => engine.dispose());

  test('is certified to nearly its distance from the boundary, and never beyond', async () => {
    // Class 1 where 3x + 4y > 5: the distance of (x, y) is (3x + 4y − 5) / 5. Smoothing a linear
    // model does not move its boundary, so the true radius is that distance.
    const classifier = functionClassifier(engine, {
      name: 'half plane',
      inputShape: [2],
      classCount: 2,
      bounds: { lower: -10, upper: 10 },
      apply: inputs =>
        tf.sub(
          tf.matMul(
            inputs as tf.Tensor2D,
            tf.tensor2d([
              [0, 3],
              [0, 4],
            ]),
          ),
          [0, 5],
        ),
    });
    const points = [
      [1.4, 1.7],
      [0.2, 0.1],
      [1.0, 0.51],
    ];
    const certificates = await certify(
      {
        classifier,
        inputs: new Batch(Float32Array.from(points.flat()), [2]),
        seed: 5,
        sampleIndices: [0, 1, 2],
      },
      { deviation: 0.5, selectionDraws: 100, draws: 5000, alpha: 0.001 },
    );
    const distances = points.map(([x = 0, y = 0]) => Math.abs(3 * x + 4 * y - 5) / 5);
    expect([...certificates.predictions]).toEqual([1, 0, -1]);
    for (const [row, distance] of distances.entries()) {
      expect(certificates.radii[row]).toBeLessThanOrEqual(distance);
    }
    expect(certificates.radii[0]).toBeGreaterThan(0.85 * (distances[0] ?? 0));
    expect(certificates.radii[1]).toBeGreaterThan(0.85 * (distances[1] ?? 0));
    classifier.dispose();
  });

  test('a NaN proves nothing: it is no answer, least of all the first class', async () => {
    // The square root of what noise moves below zero: on 0 half of the copies, on −1 nearly all.
    const classifier = functionClassifier(engine, {
      name: 'square root',
      inputShape: [1],
      classCount: 2,
      bounds: { lower: -1, upper: 100 },
      apply: inputs => {
        const root = tf.sqrt(inputs as tf.Tensor2D);
        return tf.concat2d([tf.add(root, 1), root], 1);
      },
    });
    const certificates = await certify(
      {
        classifier,
        inputs: new Batch(Float32Array.of(-1, 0, 100), [1]),
        seed: 5,
        sampleIndices: [0, 1, 2],
      },
      { deviation: 0.3, selectionDraws: 100, draws: 1000, alpha: 0.001 },
    );
    expect([...certificates.predictions]).toEqual([-1, -1, 0]);
    expect([...certificates.radii.slice(0, 2)]).toEqual([0, 0]);
    classifier.dispose();
  });
});
