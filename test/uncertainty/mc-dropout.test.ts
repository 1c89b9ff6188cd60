import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import {
  monteCarloDropout,
  type MonteCarloDropoutOptions,
} from '../../src/uncertainty/mc-dropout.ts';
import type { Posterior, UncertaintyScores } from '../../src/uncertainty/posterior.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { graphModelFiles, writeModel } from '../fixtures/write-model.ts';
import {
  bounds,
  mean,
  passLogits,
  predictedLogits,
  saved,
  sequence,
  someInputs,
  variance,
  withFixedWeights,
} from './small-networks.ts';

const { layers } = tfl;
const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

async function openPosterior(
  model: tfl.LayersModel,
  options: MonteCarloDropoutOptions = {},
  on: Engine = engine,
): Promise<Posterior> {
  const posterior = await monteCarloDropout(on, await saved(model), { bounds, ...options });
  if (!posterior.applicable) throw new Error(posterior.reason);
  return posterior;
}

/** A small convolutional classifier with batch normalisation and two dropout layers. */
function convolutionalNetwork(): tfl.LayersModel {
  return sequence(
    layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
    layers.batchNormalization(),
    layers.flatten(),
    layers.dropout({ rate: 0.25, name: 'early' }),
    layers.dense({ units: 8, activation: 'relu' }),
    layers.dropout({ rate: 0.5, name: 'late' }),
    layers.dense({ units: 3, activation: 'softmax' }),
  );
}

const score = { passes: 12, seed: 5 };
const firstIndices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('against all masks of a small network, enumerated', () => {
  const rate = 0.4;
  const units = 4;
  const repetitions = 600;
  const model = sequence(
    layers.dense({ units, activation: 'tanh', inputShape: [2] }),
    layers.dropout({ rate }),
    layers.dense({ units: 3, activation: 'softmax' }),
  );
  const input = [0.7, -0.4];
  const masks = enumerateMasks();

  /** Every mask with its probability and the logits behind it, in float64. */
  function enumerateMasks(): { probability: number; logits: number[] }[] {
    const [w1, b1, w2, b2] = model.getWeights().map(w => w.arraySync()) as [
      number[][],
      number[],
      number[][],
      number[],
    ];
    const hidden = b1.map((bias, j) =>
      Math.tanh(input.reduce((sum, x, i) => sum + x * (w1[i]?.[j] ?? NaN), bias)),
    );
    return Array.from({ length: 2 ** units }, (_, bits) => {
      const kept = hidden.map((_h, j) => ((bits >> j) & 1) === 1);
      return {
        probability: kept.reduce((product, keep) => product * (keep ? 1 - rate : rate), 1),
        logits: b2.map((bias, k) =>
          hidden.reduce(
            (sum, h, j) => sum + (kept[j] === true ? (h / (1 - rate)) * (w2[j]?.[k] ?? NaN) : 0),
            bias,
          ),
        ),
      };
    });
  }

  /** Scores over infinitely many passes: each mask as often as it is likely. */
  function exactScores(): { pe: number; ee: number; mi: number; smv: number } {
    const p = masks.map(({ logits }) => softmax(logits));
    const weight = masks.map(({ probability }) => probability);
    const expected = (value: (row: number[]) => number): number =>
      p.reduce((sum, row, i) => sum + (weight[i] ?? NaN) * value(row), 0);
    const centre = [0, 1, 2].map(k => expected(row => row[k] ?? NaN));
    const pe = entropy(centre);
    const ee = expected(entropy);
    const smv = mean(
      [0, 1, 2].map(k => expected(row => ((row[k] ?? NaN) - (centre[k] ?? NaN)) ** 2)),
    );
    return { pe, ee, mi: pe - ee, smv };
  }

  /** What the mutual information of two passes is on average, over all pairs of masks. */
  function exactMutualInformationOfTwo(): number {
    let sum = 0;
    for (const first of masks) {
      for (const second of masks) {
        const accumulator = new PredictionAccumulator(1, 3);
        accumulator.add(0, first.logits);
        accumulator.add(0, second.logits);
        const { mutualInformation } = accumulator.finish();
        sum += first.probability * second.probability * (mutualInformation[0] ?? NaN);
      }
    }
    return sum;
  }

  /** The same input many times over, each a sample of its own with its own random numbers. */
  async function repeatedScores(passes: number): Promise<UncertaintyScores> {
    const posterior = await openPosterior(model);
    const inputs = new Batch(Float32Array.from(Array(repetitions).fill(input).flat()), [2]);
    return posterior.score(inputs, { passes, seed: 3, sampleIndices: firstIndices(repetitions) });
  }

  function expectWithinFourErrors(values: Float64Array, expected: number): void {
    const list = [...values];
    const standardError = Math.sqrt(variance(list) / list.length);
    expect(Math.abs(mean(list) - expected)).toBeLessThan(4 * standardError);
  }

  test('two passes have exactly the mutual information of all pairs of masks', async () => {
    const { mutualInformation } = await repeatedScores(2);
    expectWithinFourErrors(mutualInformation, exactMutualInformationOfTwo());
  });

  test.each([20, 50])('%d passes fall short by the factor 1 − 1/T', async passes => {
    const scores = await repeatedScores(passes);
    const exact = exactScores();
    const factor = 1 - 1 / passes;
    expectWithinFourErrors(scores.mutualInformation, factor * exact.mi);
    expectWithinFourErrors(scores.softmaxVariance, factor * exact.smv);
    expectWithinFourErrors(scores.expectedEntropy, exact.ee);
    expectWithinFourErrors(scores.predictiveEntropy, exact.pe - exact.mi / passes);
    expect(scores.passes).toBe(passes);
  });

  test('each mask comes up as often as it is likely', async () => {
    const inputs = new Batch(Float32Array.from(input), [2]);
    const passes = 5000;
    const [samples = []] = await passLogits(engine, model, inputs, { passes });
    let found = 0;
    for (const { probability, logits } of masks) {
      const count = samples.filter(pass =>
        pass.every((value, k) => Math.abs(value - (logits[k] ?? NaN)) < 1e-5),
      ).length;
      const standardError = Math.sqrt(probability * (1 - probability) * passes);
      expect(Math.abs(count - probability * passes)).toBeLessThan(4.5 * standardError);
      found += count;
    }
    expect(found).toBe(passes);
  });
});

describe('what passes depend on, and what not', () => {
  const inputs = someInputs(7, [6, 6, 1]);

  test('the same seed gives the same scores to the last bit, another seed others', async () => {
    const posterior = await openPosterior(convolutionalNetwork());
    const options = { ...score, sampleIndices: firstIndices(7) };
    const first = await posterior.score(inputs, options);
    expect(await posterior.score(inputs, options)).toEqual(first);
    const other = await posterior.score(inputs, { ...options, seed: 6 });
    expect(other.mutualInformation).not.toEqual(first.mutualInformation);
  });

  test('neither the order nor the size of the batch matters', async () => {
    const posterior = await openPosterior(convolutionalNetwork());
    const whole = await posterior.score(inputs, { ...score, sampleIndices: firstIndices(7) });
    const order = [4, 0, 6, 2, 5, 1, 3];
    const shuffled = await posterior.score(inputs.gather(order), {
      ...score,
      sampleIndices: order,
    });
    for (const [position, sample] of order.entries()) {
      const alone = await posterior.score(inputs.gather([sample]), {
        ...score,
        sampleIndices: [sample],
      });
      expect(shuffled.mutualInformation[position]).toBe(whole.mutualInformation[sample]);
      expect(alone.mutualInformation[0]).toBe(whole.mutualInformation[sample]);
      expect(alone.softmaxVariance[0]).toBe(whole.softmaxVariance[sample]);
    }
  });

  test('fewer passes are the first of more', async () => {
    const model = convolutionalNetwork();
    const few = await passLogits(engine, model, inputs, { passes: 3 });
    const many = await passLogits(engine, model, inputs, { passes: 10 });
    expect(many.map(sample => sample.slice(0, 3))).toEqual(few);
  });

  test('engines agree up to rounding', async () => {
    const wasm = await openEngine({ name: 'wasm' });
    const onCpu = await openPosterior(convolutionalNetwork());
    const expected = await onCpu.score(inputs, { ...score, sampleIndices: firstIndices(7) });
    const onWasm = await openPosterior(convolutionalNetwork(), {}, wasm);
    const found = await onWasm.score(inputs, { ...score, sampleIndices: firstIndices(7) });
    found.mutualInformation.forEach((value, i) =>
      expect(value).toBeCloseTo(expected.mutualInformation[i] ?? NaN, 5),
    );
    wasm.dispose();
  });

  test('logits are the model, dropout aside: their mean over passes is near the prediction', async () => {
    const model = sequence(
      layers.dropout({ rate: 0.3, inputShape: [5] }),
      layers.dense({ units: 3 }),
    );
    const points = someInputs(3, [5]);
    const samples = await passLogits(engine, model, points, { passes: 3000 });
    predictedLogits(model, points).forEach((expected, sample) => {
      expected.forEach((logit, k) => {
        const values = (samples[sample] ?? []).map(pass => pass[k] ?? NaN);
        const standardError = Math.sqrt(variance(values) / values.length);
        expect(Math.abs(mean(values) - logit)).toBeLessThan(4 * standardError);
      });
    });
  });

  test('an abort stops the scoring', async () => {
    const posterior = await openPosterior(convolutionalNetwork());
    const abort = new AbortController();
    abort.abort();
    await expect(
      posterior.score(inputs, {
        ...score,
        sampleIndices: firstIndices(7),
        signal: abort.signal,
      }),
    ).rejects.toThrow(/abort/i);
  });
});

describe('which layers are used', () => {
  test('preprocessing is part of the model', async () => {
    const model = convolutionalNetwork();
    const inputs = someInputs(2, [6, 6, 1]);
    const scaledUp = new Batch(
      inputs.values.map(value => 4 * value + 8),
      inputs.shape,
    );
    const plain = await openPosterior(model);
    const preprocessed = await openPosterior(model, {
      preprocessing: { mean: 8, standardDeviation: 4 },
    });
    const options = { ...score, sampleIndices: [0, 1] };
    const expected = await plain.score(inputs, options);
    const found = await preprocessed.score(scaledUp, options);
    found.mutualInformation.forEach((value, i) =>
      expect(value).toBeCloseTo(expected.mutualInformation[i] ?? NaN, 5),
    );
  });

  test('all by default, a choice by name', async () => {
    const all = await openPosterior(convolutionalNetwork());
    expect(all.description).toBe(
      'Stochastic: early (Dropout, rate 0.25), late (Dropout, rate 0.5).',
    );
    const late = await openPosterior(convolutionalNetwork(), { layers: ['late'] });
    expect(late.description).toBe(
      'Stochastic: late (Dropout, rate 0.5). early (Dropout, rate 0.25) was not chosen.',
    );
    const inputs = someInputs(4, [6, 6, 1]);
    const options = { ...score, passes: 40, sampleIndices: firstIndices(4) };
    const ofAll = await all.score(inputs, options);
    const ofLate = await late.score(inputs, options);
    expect(ofLate.mutualInformation).not.toEqual(ofAll.mutualInformation);
  });

  test('a layer that does not exist is named, with those that do', async () => {
    await expect(
      monteCarloDropout(engine, await saved(convolutionalNetwork()), { bounds, layers: ['lat'] }),
    ).rejects.toMatchObject({
      code: 'uncertainty/unknown-layer',
      remedy: expect.stringContaining('late') as string,
    });
  });

  test('weights and moving statistics are not touched', async () => {
    const model = convolutionalNetwork();
    const before = model.getWeights().map(weight => [...weight.dataSync()]);
    const inputs = someInputs(3, [6, 6, 1]);
    const prediction = predictedLogits(model, inputs);
    const posterior = await openPosterior(model);
    await posterior.score(inputs, { ...score, sampleIndices: [0, 1, 2] });
    expect(model.getWeights().map(weight => [...weight.dataSync()])).toEqual(before);
    expect(predictedLogits(model, inputs)).toEqual(prediction);
  });

  test('no tensor is left behind', async () => {
    const file = await saved(convolutionalNetwork());
    const before = tf.memory().numTensors;
    const posterior = await monteCarloDropout(engine, file, { bounds });
    if (!posterior.applicable) throw new Error(posterior.reason);
    await posterior.score(someInputs(3, [6, 6, 1]), { ...score, sampleIndices: [0, 1, 2] });
    posterior.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('graphs that are not a line', () => {
  test('a branch around the dropout enters the head unchanged', async () => {
    const input = tfl.input({ shape: [4] });
    const trunk = layers.dense({ units: 3, activation: 'tanh' }).apply(input) as tfl.SymbolicTensor;
    const dropped = layers.dropout({ rate: 0.5 }).apply(trunk) as tfl.SymbolicTensor;
    const branch = layers.dense({ units: 3 }).apply(dropped) as tfl.SymbolicTensor;
    const sum = layers.add().apply([trunk, branch]) as tfl.SymbolicTensor;
    const output = layers.dense({ units: 2 }).apply(sum) as tfl.SymbolicTensor;
    const model = withFixedWeights(tfl.model({ inputs: input, outputs: output }));
    await expectMeanAndMasks(model, 3);
  });

  test('a nested model, called twice, draws a mask for each call', async () => {
    const inner = tfl.sequential({
      name: 'inner',
      layers: [
        layers.dropout({ rate: 0.5, inputShape: [3], name: 'drop' }),
        layers.dense({ units: 3, useBias: false, name: 'inner_dense' }),
      ],
    });
    const input = tfl.input({ shape: [3] });
    const once = inner.apply(input) as tfl.SymbolicTensor;
    const twice = inner.apply(once) as tfl.SymbolicTensor;
    const output = layers.dense({ units: 3, useBias: false }).apply(twice) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: output });
    model.setWeights([tf.eye(3), tf.eye(3)]);
    const posterior = await openPosterior(model);
    expect(posterior.description).toContain('inner/drop (Dropout, rate 0.5), inner/drop#1');

    const ones = new Batch(Float32Array.of(1, 1, 1), [3]);
    const [samples = []] = await passLogits(engine, model, ones, { passes: 2000 });
    // Both masks must keep a unit: a quarter of the time, and then it is doubled twice.
    const kept = samples.flat().filter(value => value === 4).length / (2000 * 3);
    expect(samples.flat().every(value => value === 0 || value === 4)).toBe(true);
    expect(kept).toBeCloseTo(0.25, 1);
  });

  /** Linear in the dropped units: the mean over passes is the prediction, and it does vary. */
  async function expectMeanAndMasks(model: tfl.LayersModel, count: number): Promise<void> {
    const inputs = someInputs(count, [4]);
    const samples = await passLogits(engine, model, inputs, { passes: 3000 });
    predictedLogits(model, inputs).forEach((expected, sample) => {
      const values = (samples[sample] ?? []).map(pass => pass[0] ?? NaN);
      const standardError = Math.sqrt(variance(values) / values.length);
      expect(standardError).toBeGreaterThan(0);
      expect(Math.abs(mean(values) - (expected[0] ?? NaN))).toBeLessThan(4 * standardError);
    });
  }
});

describe('where it does not apply, it says why and what would', () => {
  async function reason(model: tfl.LayersModel, options = {}): Promise<string> {
    const result = await monteCarloDropout(engine, await saved(model), { bounds, ...options });
    if (result.applicable) throw new Error('applicable');
    expect(result.remedy).toMatch(/Laplace/);
    expect(result.remedy).toMatch(/ensemble/);
    return result.reason;
  }

  test('no dropout', async () => {
    const model = sequence(layers.dense({ units: 2, activation: 'softmax', inputShape: [3] }));
    expect(await reason(model)).toMatch(/no dropout or noise layer/);
  });

  test('a rate of zero', async () => {
    const model = sequence(
      layers.dropout({ rate: 0, inputShape: [3] }),
      layers.dense({ units: 2, activation: 'softmax' }),
    );
    expect(await reason(model)).toMatch(/rate above zero/);
  });

  test.each([
    ['the softmax', [layers.dense({ units: 2, activation: 'softmax', inputShape: [3] })]],
    ['the last weights', [layers.dense({ units: 2, inputShape: [3] })]],
  ])('dropout behind %s', async (name, before) => {
    const model = sequence(
      ...before,
      layers.dropout({ rate: 0.5, name: 'last' }),
      ...(name === 'the softmax' ? [] : [layers.activation({ activation: 'softmax' })]),
    );
    expect(await reason(model)).toMatch(/last/);
  });

  test('dropout whose noise dies before the answer', async () => {
    const model = sequence(
      layers.dropout({ rate: 0.5, inputShape: [3] }),
      layers.dense({ units: 4, activation: 'relu' }),
      layers.dense({ units: 2, activation: 'softmax' }),
    );
    // All units of the hidden layer are dead.
    const [kernel, , ...rest] = model.getWeights();
    model.setWeights([kernel as tf.Tensor, tf.fill([4], -1000), ...rest]);
    expect(await reason(model)).toMatch(/do not vary/);
  });

  test('dropout inside a model that is applied to every time step', async () => {
    const inner = tfl.sequential({
      layers: [layers.dropout({ rate: 0.5, inputShape: [2] }), layers.dense({ units: 2 })],
    });
    const model = sequence(
      layers.timeDistributed({ layer: inner, inputShape: [3, 2] }),
      layers.flatten(),
      layers.dense({ units: 2 }),
    );
    expect(await reason(model)).toMatch(/every time step, which is not supported/);
  });

  test('a graph', async () => {
    const path = await writeModel(
      graphModelFiles(
        [
          { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
          { name: 'y', op: 'Softmax', input: ['x'] },
        ],
        [],
      ),
    );
    const result = await monteCarloDropout(engine, await readSavedModel(path), { bounds });
    expect(result).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('graph') as string,
      remedy: expect.stringContaining('Laplace') as string,
    });
  });
});

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map(weight => weight / sum);
}

function entropy(p: readonly number[]): number {
  return -p.reduce((sum, value) => sum + value * Math.log(value), 0);
}
