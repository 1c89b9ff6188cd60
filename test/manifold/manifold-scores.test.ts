import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { manifoldScores } from '../../src/manifold/manifold-scores.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { linearManifold } from './linear-manifold.ts';

const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

/** The plane 2x + 2y + z = 9 of space, by two orthonormal directions in it and a point of it. */
const plane = linearManifold(
  [
    [1 / 3, 2 / 3],
    [-2 / 3, -1 / 3],
    [2 / 3, -2 / 3],
  ],
  [1, 2, 3],
);

/** The logits of an input are its coordinates. */
const coordinates = functionClassifier(engine, {
  name: 'coordinates',
  inputShape: [3],
  classCount: 3,
  bounds: { lower: -100, upper: 100 },
  apply: inputs => tf.mul(inputs, 1),
});

test('the reconstruction error of a plane is the distance from it', async () => {
  const points = [
    [1, 2, 3],
    [0, 0, 0],
    [5, -4, 7],
    [1.5, 0.25, -10],
  ];
  const inputs = new Batch(Float32Array.from(points.flat()), [3]);
  const scores = await manifoldScores(plane, coordinates, inputs);
  points.forEach(([x = NaN, y = NaN, z = NaN], row) => {
    const distance = Math.abs(2 * x + 2 * y + z - 9) / 3;
    expect(scores['reconstruction-error']?.[row]).toBeCloseTo(distance, 5);
  });
});

/** From (2, −1, 0.5) to the nearest point of the plane, whose logits are (31, 4, 11) / 9. */
const divergenceOfSciPy = 0.007273965220770363;

test('the divergence is that of the answers before and after, as SciPy has it', async () => {
  // scipy.spatial.distance.jensenshannon(softmax(x), softmax(y)) ** 2, in nats.
  const inputs = new Batch(Float32Array.of(2, -1, 0.5), [3]);
  const scores = await manifoldScores(plane, coordinates, inputs);
  expect(scores['reconstruction-divergence']?.[0]).toBeCloseTo(divergenceOfSciPy, 6);
});
