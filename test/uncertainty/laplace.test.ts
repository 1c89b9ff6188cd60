import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Matrix } from '../../src/linear-algebra/matrix.ts';
import type { SavedModel } from '../../src/model/saved-model.ts';
import {
  fullCurvature,
  kroneckerCurvature,
  type LaplaceCurvature,
  type LastLayerData,
} from '../../src/uncertainty/laplace-curvature.ts';
import {
  lastLayerLaplace,
  type LaplaceOptions,
  type LaplacePosterior,
} from '../../src/uncertainty/last-layer-laplace.ts';
import { openLastLayer } from '../../src/uncertainty/last-layer.ts';
import { fitPriorPrecision, logEvidence } from '../../src/uncertainty/prior-precision.ts';
import { softmax } from '../../src/uncertainty/softmax.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };
import { node, placeholder, savedGraph } from './small-graphs.ts';
import {
  bounds,
  mean,
  predictedLogits,
  saved,
  sequence,
  someInputs,
  someValues,
  variance,
} from './small-networks.ts';

const { layers } = tfl;
const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

const full = golden.laplace_full;
const goldenFeatures = new Batch(Float32Array.from(full.Phi.flat()), [2]);
const goldenWeights = Matrix.fromRows(full.W);

function outputsAt(features: ArrayLike<number>): Float64Array {
  return goldenWeights.transposeTimesVector(features).map((value, k) => value + (full.b[k] ?? NaN));
}

const goldenData: LastLayerData = {
  features: goldenFeatures,
  outputs: sample => outputsAt(full.Phi[sample] ?? []),
  outputCount: 3,
};

function covariance(curvature: LaplaceCurvature, features: number[], precision: number): Matrix {
  const factor = curvature.covarianceFactor(features, precision);
  return factor.times(factor.transpose());
}

function expectMatrix(
  found: Matrix,
  expected: readonly (readonly number[])[],
  digits: number,
): void {
  expected.flat().forEach((value, i) => expect(found.values[i]).toBeCloseTo(value, digits));
}

async function openPosterior(
  model: SavedModel,
  options: Omit<LaplaceOptions, 'bounds'>,
): Promise<LaplacePosterior> {
  const posterior = await lastLayerLaplace(engine, model, { bounds, ...options });
  if (!posterior.applicable) throw new Error(posterior.reason);
  return posterior;
}

function goldenModel(): tfl.LayersModel {
  const model = sequence(layers.dense({ units: 3, inputShape: [2], activation: 'softmax' }));
  model.setWeights([tf.tensor2d(full.W), tf.tensor1d(full.b)]);
  return model;
}

describe('golden values', () => {
  // The golden features are float32 here, so the last digits differ.
  test('full curvature: covariance of the outputs and determinant', () => {
    const curvature = fullCurvature(goldenData);
    expectMatrix(covariance(curvature, full.x, full.prior_precision), full.f_var, 6);
    expect(curvature.logDeterminant(full.prior_precision)).toBeCloseTo(full.logdet_post, 6);
  });

  test('Kronecker curvature: covariance of the outputs', () => {
    const curvature = kroneckerCurvature(goldenData);
    const { f_var } = golden.laplace_kron_augmented;
    expectMatrix(covariance(curvature, full.x, full.prior_precision), f_var, 6);
  });

  test('the outputs and the probit prediction of a saved model', async () => {
    const posterior = await openPosterior(await saved(goldenModel()), {
      calibration: goldenFeatures,
      structure: 'full',
      priorPrecision: full.prior_precision,
    });
    const x = new Batch(Float32Array.from(full.x), [2]);
    const p = softmax((await posterior.probitLogits(x)).row(0));
    full.probit.forEach((value, k) => expect(p[k]).toBeCloseTo(value, 6));
    const logits = outputsAt(full.x);
    full.f_mu.forEach((value, k) => expect(logits[k]).toBeCloseTo(value, 12));
    full.map_softmax.forEach((value, k) => expect(softmax(logits)[k]).toBeCloseTo(value, 12));
  });

  test('the mean prediction is the integral of the softmax over the golden Gaussian', async () => {
    const posterior = await openPosterior(await saved(goldenModel()), {
      calibration: goldenFeatures,
      structure: 'full',
      priorPrecision: full.prior_precision,
    });
    const x = new Batch(Float32Array.from(full.x), [2]);
    const passes = 40_000;
    const drawn = await posterior.score(x, { passes, seed: 1, sampleIndices: [0] });
    const { mean: integral, variance: spread } = softmaxIntegral(full.f_mu, full.f_var);
    integral.forEach((value, k) => {
      const standardError = Math.sqrt((spread[k] ?? NaN) / passes);
      const distance = Math.abs((drawn.meanProbabilities[k] ?? NaN) - value);
      expect(distance).toBeLessThan(4 * standardError);
      // Neither the model's own answer nor the approximation would pass for it.
      expect(Math.abs(value - (full.map_softmax[k] ?? NaN))).toBeGreaterThan(5 * standardError);
      expect(Math.abs(value - (full.probit[k] ?? NaN))).toBeGreaterThan(5 * standardError);
    });
  });
});

describe('a prediction without passes', () => {
  /** A model of one output for two classes, whose output is a Gaussian of a known mean. */
  test('of two classes is close to the integral of the sigmoid, and less sure than the model', async () => {
    const model = sequence(layers.dense({ units: 1, activation: 'sigmoid', inputShape: [2] }));
    const calibration = someInputs(50, [2], 'calibration');
    const posterior = await openPosterior(await saved(model), { calibration, structure: 'full' });
    const layer = await openLastLayer(engine, await saved(model), { bounds });
    if (!layer.applicable) throw new Error(layer.reason);
    const curvature = fullCurvature({
      features: calibration,
      outputs: sample => layer.outputs(calibration.row(sample)),
      outputCount: 1,
    });
    const inputs = new Batch(Float32Array.of(2, 1, -3, 5, 0.2, -4), [2]);
    const probit = await posterior.probitLogits(inputs);
    for (let sample = 0; sample < inputs.count; sample++) {
      const row = inputs.row(sample);
      const [centre = NaN] = layer.outputs(row);
      const width = Math.sqrt(
        covariance(curvature, [...row], posterior.priorPrecision.value).at(0, 0),
      );
      const p = softmax(probit.row(sample))[1] ?? NaN;
      expect(p).toBeCloseTo(sigmoid(centre / Math.sqrt(1 + (Math.PI / 8) * width ** 2)), 6);
      // MacKay's approximation is within two hundredths of the integral everywhere.
      const integral = gaussianMean(z => sigmoid(centre + width * z));
      expect(Math.abs(p - integral)).toBeLessThan(0.02);
      expect(Math.abs(p - 0.5)).toBeLessThan(Math.abs(sigmoid(centre) - 0.5));
    }
  });
});

describe('the curvature', () => {
  test('is the Hessian of the cross-entropy, by finite differences', () => {
    // A small case: 2 features and a bias, 3 outputs, so 9 weights in blocks of one output.
    const curvature = fullCurvature(goldenData);
    const width = 3;
    const start = [0, 1, 2].flatMap(k => [...full.W.map(row => row[k] ?? NaN), full.b[k] ?? NaN]);
    const loss = (weights: readonly number[]): number =>
      full.Phi.reduce((sum, phi) => {
        const outputs = [0, 1, 2].map(k =>
          [...phi, 1].reduce((z, value, i) => z + value * (weights[k * width + i] ?? NaN), 0),
        );
        // The label enters linearly, so any label gives the same second derivative.
        const largest = Math.max(...outputs);
        const exponentials = outputs.map(z => Math.exp(z - largest));
        const total = exponentials.reduce((a, b) => a + b, 0);
        return sum + largest + Math.log(total) - (outputs[0] ?? NaN);
      }, 0);
    const step = 1e-3;
    const moved = (i: number, j: number, di: number, dj: number): number => {
      const weights = [...start];
      weights[i] = (weights[i] ?? NaN) + di;
      weights[j] = (weights[j] ?? NaN) + dj;
      return loss(weights);
    };
    const hessian = start.map((_, i) =>
      start.map(
        (_unused, j) =>
          (moved(i, j, step, step) -
            moved(i, j, step, -step) -
            moved(i, j, -step, step) +
            moved(i, j, -step, -step)) /
          (4 * step * step),
      ),
    );
    // f_Σ for a one-hot "feature" reads out a block of the inverse; compare through P itself.
    const precision = 2;
    const dense = Matrix.fromRows(
      hessian.map((row, i) => row.map((value, j) => value + (i === j ? precision : 0))),
    );
    const phi = [0.3, -1.2];
    const covarianceFromHessian = [0, 1, 2].map(k => {
      const target = new Float64Array(9);
      target.set([...phi, 1], k * width);
      const solution = solve(dense, target);
      return [0, 1, 2].map(l =>
        [...phi, 1].reduce((sum, v, i) => sum + v * (solution[l * width + i] ?? NaN), 0),
      );
    });
    expectMatrix(covariance(curvature, phi, precision), covarianceFromHessian, 4);
  });

  test.each([
    [12, 4],
    [5, 9],
    [9, 9],
    [1, 6],
  ])('of equal weights is a Kronecker product exactly, %d samples, %d features', (count, size) => {
    const features = someInputs(count, [size]);
    const data: LastLayerData = {
      features,
      outputs: () => Float64Array.of(0.3, -0.2, 0.1),
      outputCount: 3,
    };
    const phi = someValues(size, 'phi');
    const whole = fullCurvature(data);
    const kronecker = kroneckerCurvature(data);
    for (const precision of [0.7, 1e-5]) {
      const exact = covariance(whole, phi, precision);
      covariance(kronecker, phi, precision).values.forEach((value, i) =>
        expect(value * precision).toBeCloseTo((exact.values[i] ?? NaN) * precision, 9),
      );
      expect(kronecker.logDeterminant(precision)).toBeCloseTo(whole.logDeterminant(precision), 9);
      expect(kronecker.effectiveParameters(precision)).toBeCloseTo(
        whole.effectiveParameters(precision),
        9,
      );
    }
  });

  test.each([
    ['Kronecker', kroneckerCurvature],
    ['full', fullCurvature],
  ])('scaled to n times the samples is that of n copies of each, %s', (_, curvatureOf) => {
    const copies = 7;
    const { features } = goldenData;
    const repeated = curvatureOf({
      ...goldenData,
      features: Batch.concat(
        Array.from({ length: copies }, () => features),
        [2],
      ),
      outputs: sample => goldenData.outputs(sample % features.count),
    });
    const scaled = curvatureOf({ ...goldenData, trainingCount: copies * features.count });
    for (const precision of [0.01, 1, 100]) {
      expect(scaled.logDeterminant(precision)).toBeCloseTo(repeated.logDeterminant(precision), 9);
      expect(scaled.effectiveParameters(precision)).toBeCloseTo(
        repeated.effectiveParameters(precision),
        9,
      );
      const expected = covariance(repeated, full.x, precision);
      expectMatrix(covariance(scaled, full.x, precision), [[...expected.values]], 10);
    }
    // H / n: with a prior n times as weak, the covariance is n times as large.
    const once = covariance(curvatureOf(goldenData), full.x, 1 / copies);
    covariance(scaled, full.x, 1).values.forEach((value, i) =>
      expect(copies * value).toBeCloseTo(once.values[i] ?? NaN, 10),
    );
  });

  test('leaves the prior alone in directions without data', () => {
    // All features lie on the first axis; the second is free.
    const features = new Batch(Float32Array.of(1, 0, 2, 0, -1, 0), [2]);
    const curvature = kroneckerCurvature({
      features,
      outputs: () => Float64Array.of(0, 0),
      outputCount: 2,
    });
    const along = covariance(curvature, [0, 5], 2);
    const origin = covariance(curvature, [0, 0], 2);
    expect(along.at(0, 0) - origin.at(0, 0)).toBeCloseTo(25 / 2, 10);
  });
});

describe('the prior precision of greatest evidence', () => {
  const data: LastLayerData = {
    features: someInputs(200, [6]),
    outputs: sample => Float64Array.of(Math.sin(sample), 0, -1),
    outputCount: 3,
  };
  const curvature = kroneckerCurvature(data);

  test('is where λ ‖W‖² equals the number of effective parameters', () => {
    const squaredWeights = 4.2;
    const { value, atBound } = fitPriorPrecision(curvature, squaredWeights);
    expect(value * squaredWeights).toBeCloseTo(curvature.effectiveParameters(value), 4);
    expect(atBound).toBe(false);
    for (const factor of [0.5, 0.9, 1.1, 2]) {
      expect(logEvidence(curvature, squaredWeights, value)).toBeGreaterThan(
        logEvidence(curvature, squaredWeights, value * factor),
      );
    }
  });

  test('runs to the bound, and says so, when all weights are zero', () => {
    expect(fitPriorPrecision(curvature, 0).atBound).toBe(true);
  });
});

describe('drawn predictions', () => {
  const model = sequence(
    layers.dense({ units: 5, activation: 'tanh', inputShape: [3] }),
    layers.dense({ units: 4, activation: 'softmax' }),
  );
  const calibration = someInputs(300, [3], 'calibration');

  const point = someInputs(1, [3], 'point');

  /** The Gaussian of the outputs at the point. */
  async function gaussianAt(
    posterior: LaplacePosterior,
    makeCurvature: (data: LastLayerData) => LaplaceCurvature,
    fittedOn = calibration,
  ): Promise<{ centre: Float64Array; expected: Matrix }> {
    const layer = await openLastLayer(engine, await saved(model), { bounds });
    if (!layer.applicable) throw new Error(layer.reason);
    const features = await layer.features(fittedOn);
    const curvature = makeCurvature({
      features,
      outputs: sample => layer.outputs(features.row(sample)),
      outputCount: 4,
    });
    const phi = (await layer.features(point)).row(0);
    const expected = covariance(curvature, [...phi], posterior.priorPrecision.value);
    return { centre: layer.outputs(phi), expected };
  }

  function expectGaussian(
    draws: readonly number[][],
    centre: Float64Array,
    expected: Matrix,
  ): void {
    const column = (k: number): number[] => draws.map(draw => draw[k] ?? NaN);
    for (const k of [0, 1, 2, 3]) {
      const spread = Math.sqrt(expected.at(k, k));
      const found = mean(column(k));
      expect(Math.abs(found - (centre[k] ?? NaN))).toBeLessThan(
        (4 * spread) / Math.sqrt(draws.length),
      );
      for (const l of [0, 1, 2, 3]) {
        const product = column(k).map(
          (value, t) =>
            (value - (centre[k] ?? NaN)) * ((draws[t]?.[l] ?? NaN) - (centre[l] ?? NaN)),
        );
        const standardError = Math.sqrt(variance(product) / draws.length);
        expect(Math.abs(mean(product) - expected.at(k, l))).toBeLessThan(4.5 * standardError);
      }
    }
  }

  test('have the mean and the covariance of the Gaussian', async () => {
    const posterior = await openPosterior(await saved(model), { calibration });
    const passes = 20_000;
    const draws: number[][] = [];
    await posterior.draw(point, { passes, seed: 1, sampleIndices: [0] }, (_, logits) => {
      for (let t = 0; t < passes; t++) draws.push([...logits.subarray(4 * t, 4 * t + 4)]);
    });
    const { centre, expected } = await gaussianAt(posterior, kroneckerCurvature);
    expectGaussian(draws, centre, expected);
  });

  test.each([
    ['kronecker', 300, kroneckerCurvature],
    // Fewer samples than features.
    ['kronecker', 4, kroneckerCurvature],
    ['full', 300, fullCurvature],
  ] as const)(
    'so have last layers held fixed, %s of %d',
    async (structure, count, makeCurvature) => {
      const few = someInputs(count, [3], 'calibration');
      const posterior = await openPosterior(await saved(model), { calibration: few, structure });
      const passes = 20_000;
      const stacked = tf.tidy(() =>
        posterior
          .fixedPasses(
            passes,
            1,
          )(tf.tensor2d([...point.values], [1, 3]))
          .dataSync(),
      );
      const draws = Array.from({ length: passes }, (_, t) => [
        ...stacked.subarray(4 * t, 4 * t + 4),
      ]);
      const { centre, expected } = await gaussianAt(posterior, makeCurvature, few);
      expectGaussian(draws, centre, expected);
    },
  );

  test('are the same whatever the batch, and others for another seed', async () => {
    const posterior = await openPosterior(await saved(model), { calibration });
    const inputs = someInputs(5, [3]);
    const options = { passes: 20, seed: 2, sampleIndices: [0, 1, 2, 3, 4] };
    const whole = await posterior.score(inputs, options);
    const alone = await posterior.score(inputs.gather([3]), { ...options, sampleIndices: [3] });
    expect(alone.mutualInformation[0]).toBe(whole.mutualInformation[3]);
    const other = await posterior.score(inputs, { ...options, seed: 3 });
    expect(other.mutualInformation).not.toEqual(whole.mutualInformation);
  });

  test('are less certain far from the data', async () => {
    const linear = sequence(layers.dense({ units: 3, inputShape: [3] }));
    // Small weights keep the mean prediction flat: what grows is the uncertainty.
    linear.setWeights(linear.getWeights().map(weight => tf.mul(weight, 0.01)));
    const posterior = await openPosterior(await saved(linear), { calibration, priorPrecision: 1 });
    const near = someInputs(1, [3]);
    const far = new Batch(
      near.values.map(value => 30 * value),
      [3],
    );
    const options = { passes: 400, seed: 1, sampleIndices: [0] };
    const nearScores = await posterior.score(near, options);
    const farScores = await posterior.score(far, options);
    expect(farScores.mutualInformation[0]).toBeGreaterThan(
      3 * (nearScores.mutualInformation[0] ?? NaN),
    );
  });

  test('tell of themselves', async () => {
    const { description, priorPrecision } = await openPosterior(await saved(model), {
      calibration,
    });
    expect(description).toMatch(/5 features, 4 outputs, kronecker curvature from 300 samples/);
    expect(description).toContain(`${priorPrecision.value.toPrecision(3)} by marginal likelihood`);
  });

  test('of a training set that is larger than what they are fitted on are surer, and say so', async () => {
    const request = { passes: 50, seed: 0, sampleIndices: [0, 1, 2, 3] };
    const inputs = someInputs(4, [3], 'audited');
    const few = await openPosterior(await saved(model), { calibration });
    const many = await openPosterior(await saved(model), { calibration, trainingCount: 60_000 });
    expect(many.description).toContain('from 300 samples, scaled to 60000 of training)');
    const before = await few.score(inputs, request);
    const after = await many.score(inputs, request);
    after.mutualInformation.forEach((value, i) =>
      expect(value).toBeLessThan(before.mutualInformation[i] ?? NaN),
    );
  });
});

describe('the last layer of a saved model', () => {
  const w1 = someValues(12, 'w1');
  const b1 = someValues(4, 'b1');
  const w2 = someValues(12, 'w2');
  const b2 = someValues(3, 'b2');
  const inputs = someInputs(6, [3]);

  function layersModel(activation: 'softmax' | 'linear'): tfl.LayersModel {
    const model = sequence(
      layers.dense({ units: 4, activation: 'relu', inputShape: [3] }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 3, activation }),
    );
    model.setWeights([
      tf.tensor2d(w1, [3, 4]),
      tf.tensor1d(b1),
      tf.tensor2d(w2, [4, 3]),
      tf.tensor1d(b2),
    ]);
    return model;
  }

  const weights = [
    { name: 'w1', shape: [3, 4], values: w1 },
    { name: 'b1', shape: [4], values: b1 },
    { name: 'w2', shape: [4, 3], values: w2 },
    { name: 'b2', shape: [3], values: b2 },
  ];
  const hidden = [
    placeholder(3),
    node('m1', 'MatMul', ['x', 'w1']),
    node('a1', 'BiasAdd', ['m1', 'b1']),
    node('r1', 'Relu', ['a1']),
  ];
  const fusedBias = {
    fused_ops: { list: { s: [Buffer.from('BiasAdd').toString('base64')] } },
    num_args: { i: '1' },
  };
  const endings: Record<string, object[]> = {
    'nodes of their own': [
      node('m2', 'MatMul', ['r1', 'w2']),
      node('a2', 'BiasAdd', ['m2', 'b2']),
      node('p', 'Softmax', ['a2']),
    ],
    'a fused node': [
      node('m2', '_FusedMatMul', ['r1', 'w2', 'b2'], fusedBias),
      node('p', 'Softmax', ['m2']),
    ],
    'a constant behind an identity': [
      node('w2read', 'Identity', ['w2']),
      node('m2', 'MatMul', ['r1', 'w2read']),
      node('a2', 'AddV2', ['m2', 'b2']),
      node('p', 'Softmax', ['a2']),
      node('out', 'Identity', ['p']),
    ],
  };

  async function expectFeatures(model: SavedModel): Promise<void> {
    const layer = await openLastLayer(engine, model, { bounds });
    if (!layer.applicable) throw new Error(layer.reason);
    const features = await layer.features(inputs);
    expect(features.shape).toEqual([4]);
    predictedLogits(layersModel('linear'), inputs).forEach((logits, sample) => {
      const row = features.row(sample);
      expect(Math.min(...row)).toBe(0);
      layer.logits(row).forEach((z, k) => expect(z).toBeCloseTo(logits[k] ?? NaN, 5));
    });
    layer.dispose();
  }

  test('of layers, behind dropout', async () => {
    await expectFeatures(await saved(layersModel('softmax')));
  });

  test.each(Object.entries(endings))('of a graph, in %s', async (_, ending) => {
    await expectFeatures(await savedGraph([...hidden, ...ending], weights));
  });

  test('gives layers and graph the same posterior', async () => {
    const graph = await savedGraph([...hidden, ...(endings['a fused node'] ?? [])], weights);
    const calibration = someInputs(100, [3], 'calibration');
    const ofGraph = await openPosterior(graph, { calibration });
    const ofLayers = await openPosterior(await saved(layersModel('softmax')), { calibration });
    const options = { passes: 50, seed: 4, sampleIndices: [0, 1, 2, 3, 4, 5] };
    const expected = await ofLayers.score(inputs, options);
    const found = await ofGraph.score(inputs, options);
    found.mutualInformation.forEach((value, i) =>
      expect(value).toBeCloseTo(expected.mutualInformation[i] ?? NaN, 5),
    );
  });

  test('may be a convolution of one pixel', async () => {
    const model = sequence(
      layers.globalAveragePooling2d({ dataFormat: 'channelsLast', inputShape: [3, 3, 2] }),
      layers.reshape({ targetShape: [1, 1, 2] }),
      layers.conv2d({ filters: 3, kernelSize: 1 }),
      layers.flatten(),
      layers.activation({ activation: 'softmax' }),
    );
    const layer = await openLastLayer(engine, await saved(model), { bounds });
    expect(layer).toMatchObject({ applicable: true, featureCount: 2, outputCount: 3 });
  });

  test('may have one output for two classes', async () => {
    const model = sequence(layers.dense({ units: 1, activation: 'sigmoid', inputShape: [2] }));
    const calibration = someInputs(50, [2], 'calibration');
    const posterior = await openPosterior(await saved(model), { calibration });
    const scores = await posterior.score(someInputs(3, [2]), {
      passes: 30,
      seed: 1,
      sampleIndices: [0, 1, 2],
    });
    expect(posterior.classCount).toBe(2);
    expect(scores.mutualInformation.every(value => value > 0 && value < Math.LN2)).toBe(true);
    const stacked = tf.tidy(() =>
      posterior
        .fixedPasses(
          5,
          1,
        )(tf.zeros([3, 2]))
        .arraySync(),
    );
    // The first of two classes has the logit 0.
    for (const row of stacked) {
      expect(row.filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0, 0, 0]);
      expect(new Set(row.filter((_, i) => i % 2 === 1)).size).toBe(5);
    }
  });

  test.each([
    ['a relu', layers.dense({ units: 3, activation: 'relu', inputShape: [3] })],
    ['normalised outputs', layers.batchNormalization({ inputShape: [3] })],
  ])('is not there behind %s', async (_, layer) => {
    const result = await lastLayerLaplace(engine, await saved(sequence(layer)), {
      bounds,
      calibration: inputs,
    });
    expect(result).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('no linear last layer') as string,
      remedy: expect.stringContaining('ensemble') as string,
    });
  });

  test('needs calibration data', async () => {
    const result = await lastLayerLaplace(engine, await saved(layersModel('softmax')), {
      bounds,
      calibration: Batch.zeros(0, [3]),
    });
    expect(result).toMatchObject({ applicable: false });
  });
});

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** Points of a rule that sums a smooth function of a standard normal: steps of 0.25 up to ±8. */
const normalPoints = Array.from({ length: 65 }, (_, i) => (i - 32) / 4).map(z => ({
  z,
  weight: Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / 4,
}));

/** E f(z) of a standard normal z. */
function gaussianMean(f: (z: number) => number): number {
  return normalPoints.reduce((sum, { z, weight }) => sum + weight * f(z), 0);
}

/** Mean and variance of the softmax of three logits from a Gaussian, by summing over a grid. */
function softmaxIntegral(
  centre: readonly number[],
  covarianceRows: readonly (readonly number[])[],
): { mean: number[]; variance: number[] } {
  const root = cholesky(covarianceRows);
  const first = [0, 0, 0];
  const second = [0, 0, 0];
  for (const a of normalPoints) {
    for (const b of normalPoints) {
      for (const c of normalPoints) {
        const weight = a.weight * b.weight * c.weight;
        const logits = centre.map(
          (value, k) =>
            value + [a.z, b.z, c.z].reduce((sum, z, j) => sum + z * (root[k]?.[j] ?? NaN), 0),
        );
        softmax(logits).forEach((p, k) => {
          first[k] = (first[k] ?? NaN) + weight * p;
          second[k] = (second[k] ?? NaN) + weight * p * p;
        });
      }
    }
  }
  return { mean: first, variance: second.map((square, k) => square - (first[k] ?? NaN) ** 2) };
}

/** The lower triangle L with L Lᵀ = the matrix. */
function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower = matrix.map(row => row.map(() => 0));
  matrix.forEach((row, i) => {
    row.slice(0, i + 1).forEach((value, j) => {
      const [own = [], other = []] = [lower[i], lower[j]];
      const rest = other.slice(0, j).reduce((sum, v, k) => sum - v * (own[k] ?? NaN), value);
      own[j] = i === j ? Math.sqrt(rest) : rest / (other[j] ?? NaN);
    });
  });
  return lower;
}

/** Gaussian elimination, to have nothing in common with what is tested. */
function solve(matrix: Matrix, right: Float64Array): number[] {
  const rows = Array.from({ length: matrix.rows }, (_, i) => [...matrix.row(i), right[i] ?? NaN]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows[i] ?? [];
    for (let j = 0; j < rows.length; j++) {
      if (i === j) continue;
      const factor = (rows[j]?.[i] ?? NaN) / (pivot[i] ?? NaN);
      rows[j] = (rows[j] ?? []).map((value, k) => value - factor * (pivot[k] ?? NaN));
    }
  }
  return rows.map((row, i) => (row.at(-1) ?? NaN) / (row[i] ?? NaN));
}
