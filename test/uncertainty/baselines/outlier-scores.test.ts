import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../../src/arrays/batch.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Matrix } from '../../../src/linear-algebra/matrix.ts';
import { functionClassifier } from '../../../src/model/function-classifier.ts';
import { Random } from '../../../src/random/random.ts';
import { energy } from '../../../src/uncertainty/baselines/energy.ts';
import { featureNorm } from '../../../src/uncertainty/baselines/feature-norm.ts';
import { generalisedEntropy } from '../../../src/uncertainty/baselines/generalised-entropy.ts';
import { mahalanobis } from '../../../src/uncertainty/baselines/mahalanobis.ts';
import { maximumLogit } from '../../../src/uncertainty/baselines/maximum-logit.ts';
import { maximumProbability } from '../../../src/uncertainty/baselines/maximum-probability.ts';
import { nearestNeighbour } from '../../../src/uncertainty/baselines/nearest-neighbour.ts';
import { odin } from '../../../src/uncertainty/baselines/odin.ts';
import type {
  LabelledObservations,
  Observations,
  OutlierScore,
} from '../../../src/uncertainty/baselines/outlier-score.ts';
import { predictionEntropy } from '../../../src/uncertainty/baselines/prediction-entropy.ts';
import { rectifiedActivations } from '../../../src/uncertainty/baselines/rectified-activations.ts';
import { relativeMahalanobis } from '../../../src/uncertainty/baselines/relative-mahalanobis.ts';
import { virtualLogit } from '../../../src/uncertainty/baselines/virtual-logit.ts';
import { splitSamples } from '../../../src/uncertainty/splits.ts';
import golden from '../../fixtures/golden.json' with { type: 'json' };

const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

function observe(rows: { logits?: number[][]; features?: number[][] }): Observations {
  const { logits = [], features = [] } = rows;
  const batch = (values: number[][]): Batch =>
    new Batch(Float32Array.from(values.flat()), [values[0]?.length ?? 1]);
  return { inputs: batch(features), logits: batch(logits), features: batch(features) };
}

async function scoresOf(score: OutlierScore, observed: Observations): Promise<number[]> {
  return [...(await score.score(observed))];
}

describe('scores of the logits', () => {
  const { logits, msp, neg_energy_T1, T2 } = golden.energy;
  const observed = observe({ logits: [logits] });

  test('golden values, all with the sign that higher is further out', async () => {
    expect((await scoresOf(maximumProbability, observed))[0]).toBeCloseTo(-msp, 12);
    expect((await scoresOf(energy(1), observed))[0]).toBeCloseTo(-neg_energy_T1, 12);
    expect((await scoresOf(energy(2), observed))[0]).toBeCloseTo(-T2, 12);
    expect((await scoresOf(maximumLogit, observed))[0]).toBe(-2);
  });

  test('entropy and generalised entropy of equal logits', async () => {
    const even = observe({ logits: [[3, 3, 3, 3]] });
    expect((await scoresOf(predictionEntropy, even))[0]).toBeCloseTo(Math.log(4), 12);
    expect((await scoresOf(generalisedEntropy(0.1), even))[0]).toBeCloseTo(
      4 * (0.25 * 0.75) ** 0.1,
      12,
    );
    expect((await scoresOf(generalisedEntropy(0.5, 2), even))[0]).toBeCloseTo(
      2 * Math.sqrt(0.25 * 0.75),
      12,
    );
  });

  test('a surer answer never scores higher', async () => {
    const confident = observe({
      logits: [
        [1, 0, 0],
        [4, 0, 0],
        [9, 0, 0],
      ],
    });
    for (const score of [
      maximumProbability,
      maximumLogit,
      predictionEntropy,
      energy(),
      generalisedEntropy(),
    ]) {
      const [low = NaN, middle = NaN, high = NaN] = await scoresOf(score, confident);
      expect(low).toBeGreaterThan(middle);
      expect(middle).toBeGreaterThan(high);
    }
  });
});

describe('ODIN on a linear classifier', () => {
  const weights = [
    [1, -0.5, 0.2],
    [0.3, 0.9, -0.7],
  ];
  const classifier = functionClassifier(engine, {
    name: 'linear',
    inputShape: [2],
    classCount: 3,
    bounds: { lower: 0, upper: 1 },
    apply: inputs => tf.matMul(inputs, tf.tensor2d(weights)),
  });

  test('moves along the sign of the gradient, inside the bounds, and reads the probability there', async () => {
    const x = [0.6, 0.999];
    const [temperature, epsilon] = [10, 0.01];
    const logitsAt = (point: number[]): number[] =>
      [0, 1, 2].map(k => point.reduce((sum, v, i) => sum + v * (weights[i]?.[k] ?? NaN), 0));
    const probabilities = (point: number[]): number[] => {
      const exponentials = logitsAt(point).map(z => Math.exp(z / temperature));
      const total = exponentials.reduce((a, b) => a + b, 0);
      return exponentials.map(e => e / total);
    };
    const p = probabilities(x);
    const best = p.indexOf(Math.max(...p));
    const moved = x.map((value, i) => {
      const mean = p.reduce((sum, pk, k) => sum + pk * (weights[i]?.[k] ?? NaN), 0);
      const step = epsilon * Math.sign((weights[i]?.[best] ?? NaN) - mean);
      return Math.min(1, Math.max(0, value + step));
    });
    const inputs = new Batch(Float32Array.from(x), [2]);
    const observed = { inputs, logits: inputs, features: inputs };
    const [score] = await scoresOf(odin(classifier, temperature, epsilon), observed);
    expect(score).toBeCloseTo(-Math.max(...probabilities(moved)), 6);
  });

  test('without a step it is the golden probability at a temperature of 1000', async () => {
    const fixed = functionClassifier(engine, {
      name: 'constant',
      inputShape: [1],
      classCount: 3,
      bounds: { lower: 0, upper: 1 },
      apply: inputs =>
        tf.add(tf.mul(inputs as tf.Tensor2D, 0), tf.tensor2d([golden.energy.logits])),
    });
    const inputs = Batch.zeros(1, [1]);
    const [score] = await scoresOf(odin(fixed), { inputs, logits: inputs, features: inputs });
    expect(score).toBeCloseTo(-golden.energy.odin_msp_T1000, 6);
  });
});

/** Two classes far apart, with different spread along the axes. */
function twoClasses(count: number): LabelledObservations {
  const random = new Random(1, ['two classes']);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const features = labels.map(label => [
    (label === 0 ? -4 : 4) + 2 * random.normal(),
    0.5 * random.normal(),
  ]);
  return { ...observe({ features, logits: features }), labels };
}

describe('Mahalanobis distances', () => {
  test('by hand: class means, shared covariance, inverse of two by two', async () => {
    const clean = twoClasses(60);
    const rows = Array.from({ length: 60 }, (_, i) => [...clean.features.row(i)]);
    const means = [0, 1].map(label => {
      const own = rows.filter((_, i) => clean.labels[i] === label);
      return [0, 1].map(j => own.reduce((sum, row) => sum + (row[j] ?? NaN), 0) / own.length);
    });
    const entry = (a: number, b: number): number =>
      rows.reduce((sum, row, i) => {
        const centre = means[clean.labels[i] as number] ?? [];
        return (
          sum + ((row[a] ?? NaN) - (centre[a] ?? NaN)) * ((row[b] ?? NaN) - (centre[b] ?? NaN))
        );
      }, 0) / rows.length;
    const [sxx, sxy, syy] = [entry(0, 0), entry(0, 1), entry(1, 1)];
    const determinant = sxx * syy - sxy * sxy;
    const point = [1, 2];
    const expected = Math.min(
      ...means.map(([mx = NaN, my = NaN]) => {
        const [dx, dy] = [1 - mx, 2 - my];
        return (syy * dx * dx - 2 * sxy * dx * dy + sxx * dy * dy) / determinant;
      }),
    );
    const [score] = await scoresOf(mahalanobis(clean), observe({ features: [point] }));
    // The ridge of a millionth shifts the fifth digit.
    expect((score ?? NaN) / expected).toBeCloseTo(1, 4);
  });

  test('do not change when features are scaled and turned', async () => {
    const clean = twoClasses(80);
    const turn = (rows: Batch): Batch => {
      const values = Array.from({ length: rows.count }, (_, i) => {
        const [x = NaN, y = NaN] = rows.row(i);
        return [3 * x + y, x - 2 * y];
      });
      return new Batch(Float32Array.from(values.flat()), [2]);
    };
    const points = observe({
      features: [
        [0, 0],
        [5, 1],
        [-3, 3],
      ],
    });
    const plain = await scoresOf(mahalanobis(clean), points);
    const turned = mahalanobis({ ...clean, features: turn(clean.features) });
    const found = await scoresOf(turned, { ...points, features: turn(points.features) });
    found.forEach((value, i) => expect(value / (plain[i] ?? NaN)).toBeCloseTo(1, 3));
  });

  test('relative to all the data, subtract the distance to it', async () => {
    const clean = twoClasses(60);
    const points = observe({
      features: [
        [0, 0],
        [4, 0],
        [9, 9],
      ],
    });
    const own = await scoresOf(mahalanobis(clean), points);
    const background = await scoresOf(mahalanobis({ ...clean, labels: Array(60).fill(7) }), points);
    const relative = await scoresOf(relativeMahalanobis(clean), points);
    relative.forEach((value, i) =>
      expect(value).toBeCloseTo((own[i] ?? NaN) - (background[i] ?? NaN), 9),
    );
  });

  test('bear features that never change, but not too few samples', async () => {
    const clean = twoClasses(20);
    const dead = Array.from({ length: 20 }, (_, i) => [...clean.features.row(i), 0]);
    const fitted = mahalanobis({ ...observe({ features: dead }), labels: clean.labels });
    const [alive = NaN, woken = NaN] = await scoresOf(
      fitted,
      observe({
        features: [
          [4, 0, 0],
          [4, 0, 1],
        ],
      }),
    );
    expect(Number.isFinite(alive)).toBe(true);
    expect(woken).toBeGreaterThan(1000 * alive);
    expect(() => mahalanobis({ ...observe({ features: [[1, 2]] }), labels: [0] })).toThrow(
      /at least 3 samples/,
    );
  });
});

describe('nearest neighbours', () => {
  test('by hand, on directions only', async () => {
    const clean = observe({
      features: [
        [1, 0],
        [0, 5],
        [-2, 0],
      ],
    });
    const points = observe({
      features: [
        [7, 0],
        [3, 3],
      ],
    });
    const [first, diagonal] = await scoresOf(nearestNeighbour(clean, 1), points);
    expect(first).toBeCloseTo(0, 7);
    expect(diagonal).toBeCloseTo(Math.sqrt(2 - Math.SQRT2), 7);
    const [second] = await scoresOf(nearestNeighbour(clean, 2), points);
    expect(second).toBeCloseTo(Math.SQRT2, 7);
  });

  test('a vector of zeros has a distance, not NaN', async () => {
    const clean = observe({
      features: [
        [1, 0],
        [0, 1],
      ],
    });
    expect(await scoresOf(nearestNeighbour(clean, 1), observe({ features: [[0, 0]] }))).toEqual([
      1,
    ]);
  });

  test('needs as many as it looks at', () => {
    expect(() => nearestNeighbour(observe({ features: [[1]] }), 2)).toThrow(/at least 2/);
  });
});

describe('virtual logit', () => {
  const head = {
    weights: Matrix.fromRows([
      [1, 0],
      [0, 1],
      [0, 0],
    ]),
    bias: Float64Array.of(1, -2),
  };
  const random = new Random(1, ['vim']);
  const features = Array.from({ length: 40 }, () => [
    3 * random.normal(),
    2 * random.normal(),
    0.1 * random.normal(),
  ]);
  const logitsOf = (row: number[]): number[] => [(row[0] ?? NaN) + 1, (row[1] ?? NaN) - 2];
  const clean = observe({ features, logits: features.map(logitsOf) });

  test('grows with what lies off the principal axes, by α a unit', async () => {
    const score = virtualLogit(clean, head, 2);
    const points = [
      [0, 0, 0],
      [0, 0, 1],
      [0, 0, 5],
    ];
    const observed = observe({ features: points, logits: points.map(logitsOf) });
    const [on = NaN, off = NaN, far = NaN] = await scoresOf(score, observed);
    const { alpha = NaN } = score.settings;
    // The third axis is nearly the residual one, and the logits do not see it.
    expect((far - off) / (4 * alpha)).toBeCloseTo(1, 1);
    expect(off).toBeGreaterThan(on);
  });

  test('sees nothing of a point on the principal axes, and the length of the rest', async () => {
    const axes = [5, 4, 0.5, 0.25].map((length, i) =>
      [0, 1, 2, 3].map(k => (k === i ? length : 0)),
    );
    const balanced = axes.flatMap(axis => [axis, axis.map(value => -value)]);
    const logits = balanced.map(row => [1 + Math.abs(row[0] ?? NaN), 0]);
    const fittedOn = observe({ features: balanced, logits });
    const flat = { weights: new Matrix(4, 2), bias: new Float64Array(2) };
    const score = virtualLogit(fittedOn, flat, 2);
    const points = [
      [7, -6, 0, 0],
      [7, -6, 3, 4],
    ];
    const observed = observe({ features: points, logits: [[0], [0]] });
    const [on, off] = await scoresOf(score, observed);
    // Of eight samples, two have a maximum logit of 6, and the residuals are 0.5 and 0.25 twice each.
    const alpha = (8 + 10) / (2 * 0.75);
    expect(score.settings).toMatchObject({ dimension: 2, fittedOn: 8 });
    expect(on).toBeCloseTo(0, 12);
    expect(off).toBeCloseTo(5 * alpha, 12);
  });

  test('makes the mean virtual logit equal to the mean maximum logit', async () => {
    const score = virtualLogit(clean, head, 2);
    const values = await scoresOf(score, clean);
    const logSums = features.map(row => {
      const [a = NaN, b = NaN] = logitsOf(row);
      return Math.log(Math.exp(a) + Math.exp(b));
    });
    const virtual = values.map((value, i) => value + (logSums[i] ?? NaN));
    const maxima = features.map(row => Math.max(...logitsOf(row)));
    const mean = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(mean(virtual)).toBeCloseTo(mean(maxima), 4);
  });
});

describe('scores of the features', () => {
  test('rectified activations cut at the percentile, then take the energy', async () => {
    const clean = observe({ features: [Array.from({ length: 101 }, (_, i) => i)] });
    const sum = (row: Float32Array): Float64Array =>
      Float64Array.of(row.reduce((total, value) => total + value, 0));
    const score = rectifiedActivations(clean, sum, 90);
    expect(score.settings).toEqual({ percentile: 90, limit: 90 });
    expect(await scoresOf(score, observe({ features: [[50, 200]] }))).toEqual([-140]);
  });

  test('feature norm', async () => {
    expect(
      await scoresOf(
        featureNorm,
        observe({
          features: [
            [3, 4],
            [0, 0],
          ],
        }),
      ),
    ).toEqual([-5, -0]);
  });
});

describe('splits', () => {
  test('share no sample, hold all, and depend on nothing but the seed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 80 }),
        fc.integer({ min: 0, max: 99 }),
        (indices, seed) => {
          const shares = { fit: 0.5, threshold: 0.25 };
          const { fit, threshold, test: measured } = splitSamples(indices, shares, seed);
          const all = [...fit, ...threshold, ...measured];
          expect(new Set(all).size).toBe(all.length);
          expect(new Set(all)).toEqual(new Set(indices));
          expect(splitSamples(indices.toReversed(), shares, seed)).toEqual({
            fit,
            threshold,
            test: measured,
          });
        },
      ),
    );
  });
});
