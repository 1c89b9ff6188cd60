import { beforeAll, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { illustrateManifold, wayLength } from '../../src/audit/manifold-illustration.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import {
  linearClassifier,
  linearManifold,
  normalRows,
  orthonormal,
  times,
} from '../manifold/linear-manifold.ts';

const size = 6;
const a = orthonormal(normalRows(size, 3, 'illustration'));
const [w = []] = normalRows(1, size, 'illustration w');
const manifold = linearManifold(
  a,
  w.map(() => 0),
);
const dot = (x: ArrayLike<number>): number =>
  w.reduce((sum, value, i) => sum + value * (x[i] ?? NaN), 0);
const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

/** Points on the plane, labelled by the linear classifier but for the first. */
function samples() {
  const inputs = Batch.zeros(12, [size]);
  normalRows(12, 3, 'illustration z').forEach((z, row) => inputs.row(row).set(times(a, z)));
  const right = Int32Array.from({ length: 12 }, (_, row) => (dot(inputs.row(row)) > 0 ? 0 : 1));
  const labels = right.slice();
  labels[0] = 1 - (right[0] ?? 0);
  const indices = Array.from({ length: 12 }, (_, row) => 100 + row);
  return { inputs, labels, right, indices };
}

test('a way through a linear manifold is the straight line, answered as the formula says', async () => {
  const { inputs, labels, right, indices } = samples();
  const classifier = linearClassifier(engine, w, 0);
  const { ways, ends } = await illustrateManifold(manifold, classifier, {
    inputs,
    labels,
    indices,
    seed: 1,
  });
  // The first of each class that the model still answers with its label: never the mislabelled one.
  const firstOf = (label: number): number =>
    indices.find((_, row) => row > 0 && right[row] === label) ?? NaN;
  expect([...ends]).toEqual([firstOf(0), firstOf(1)]);
  const [from = 0, to = 0] = [...ends].map(index => index - 100);
  for (let point = 0; point < wayLength; point++) {
    const share = point / (wayLength - 1);
    const expected = Array.from(
      inputs.row(from),
      (value, i) => (1 - share) * value + share * (inputs.row(to)[i] ?? NaN),
    );
    const actual = ways.inputs.subarray(point * size, (point + 1) * size);
    expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 4));
    const logit = dot(expected);
    expect(ways.predictions[point]).toBe(logit > 0 ? 0 : 1);
    expect(ways.confidences[point]).toBeCloseTo(sigmoid(Math.abs(logit)), 4);
  }
});

test('random samples lie on the manifold, and are the same for the same seed', async () => {
  const { inputs, labels, indices } = samples();
  const classifier = linearClassifier(engine, w, 0);
  const draw = async (seed: number) =>
    (await illustrateManifold(manifold, classifier, { inputs, labels, indices, seed })).random;
  const random = await draw(1);
  const batch = new Batch(random.inputs, [size]);
  const projected = await manifold.reconstruct(batch);
  batch.values.forEach((value, i) => expect(projected.values[i]).toBeCloseTo(value, 4));
  expect(await draw(1)).toEqual(random);
  expect((await draw(2)).inputs).not.toEqual(random.inputs);
});

test('with one class there is no way to draw', async () => {
  const { inputs, indices } = samples();
  const classifier = linearClassifier(engine, w, 0);
  const labels = new Int32Array(12);
  const { ways, ends } = await illustrateManifold(manifold, classifier, {
    inputs,
    labels,
    indices,
    seed: 1,
  });
  expect([ways.inputs.length, ends.length]).toEqual([0, 0]);
});
