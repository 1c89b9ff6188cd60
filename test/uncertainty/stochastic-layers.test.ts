import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { fillWithNoise } from '../../src/uncertainty/noise.ts';
import {
  type Layer,
  mean,
  passLogits,
  predictedLogits,
  sequence,
  someInputs,
  variance,
  withFixedWeights,
} from './small-networks.ts';

const { layers } = tfl;
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

/** Draws of a dropout mask as a layer gets them, one row for each pass. */
function masks(
  rate: number,
  units: number,
  passes: number,
  key: readonly (string | number)[],
): number[][] {
  const random = new Random(1, [0, 'mc-dropout', ...key]);
  return Array.from({ length: passes }, () => {
    const mask = new Float32Array(units);
    fillWithNoise(mask, { kind: 'bernoulli', rate, kept: 1 / (1 - rate) }, random);
    return [...mask];
  });
}

describe('the logits behind a noise layer have the mean and variance of the closed form', () => {
  const passes = 4000;
  const units = 6;
  const [inputs] = [someInputs(1, [units])];
  const x = [...inputs.values];

  /** Noise straight on the input, then weights to two logits. */
  const build = (noise: Layer): { model: tfl.LayersModel; weights: number[][]; bias: number[] } => {
    const model = sequence(noise, layers.dense({ units: 2 }));
    const [kernel, bias] = model.getWeights();
    return {
      model,
      weights: (kernel as tf.Tensor2D).arraySync(),
      bias: (bias as tf.Tensor1D).arraySync(),
    };
  };

  test.each([
    [
      'dropout',
      layers.dropout({ rate: 0.3, inputShape: [units] }),
      (v: number) => (0.3 / 0.7) * v * v,
    ],
    [
      'Gaussian dropout',
      layers.gaussianDropout({ rate: 0.2, inputShape: [units] }),
      (v: number) => 0.25 * v * v,
    ],
    ['Gaussian noise', layers.gaussianNoise({ stddev: 0.4, inputShape: [units] }), () => 0.16],
  ] as const)('%s', async (_, noise, unitVariance) => {
    const { model, weights, bias } = build(noise);
    const [samples = []] = await passLogits(engine, model, inputs, { passes });
    for (const k of [0, 1]) {
      const logits = samples.map(pass => pass[k] ?? NaN);
      const w = weights.map(row => row[k] ?? NaN);
      const expectedMean = x.reduce((sum, v, i) => sum + v * (w[i] ?? NaN), bias[k] ?? NaN);
      const expectedVariance = x.reduce(
        (sum, v, i) => sum + unitVariance(v) * (w[i] ?? NaN) ** 2,
        0,
      );
      const standardError = Math.sqrt(expectedVariance / passes);
      expect(Math.abs(mean(logits) - expectedMean)).toBeLessThan(4 * standardError);
      // The fourth moment of a sum of bounded terms is near that of a normal: s.e. √(2/n).
      expect(Math.abs(variance(logits) / expectedVariance - 1)).toBeLessThan(
        5 * Math.sqrt(2 / passes),
      );
    }
  });

  test('alpha dropout keeps the mean 0 and the variance 1 of its input', async () => {
    const wide = 200;
    const standard = someInputs(1, [wide], 'standard normal');
    const centre = mean([...standard.values]);
    const deviation = Math.sqrt(variance([...standard.values]));
    standard.values.forEach((v, i) => (standard.values[i] = (v - centre) / deviation));
    const model = sequence(
      layers.alphaDropout({ rate: 0.2, inputShape: [wide] }),
      layers.dense({ units: wide, useBias: false }),
    );
    model.setWeights([tf.eye(wide)]);
    const [samples = []] = await passLogits(engine, model, standard, { passes: 60 });
    const all = samples.flat();
    expect(Math.abs(mean(all))).toBeLessThan(0.02);
    expect(Math.abs(variance(all) - 1)).toBeLessThan(0.03);
    // A fifth of the units sits at one value, the scaled floor of the SELU.
    const floor = Math.min(...all.filter(value => value < 0 && count(all, value) > 500));
    expect(count(all, floor) / all.length).toBeCloseTo(0.2, 1);
  });
});

function count(values: readonly number[], wanted: number): number {
  return values.filter(value => value === wanted).length;
}

describe('what is dropped together', () => {
  test('spatial dropout drops whole channels', async () => {
    const inputs = someInputs(1, [5, 4]);
    const model = sequence(
      layers.spatialDropout1d({ rate: 0.5, inputShape: [5, 4] }),
      layers.flatten(),
      layers.dense({ units: 20, useBias: false }),
    );
    model.setWeights([tf.eye(20)]);
    const [samples = []] = await passLogits(engine, model, inputs, { passes: 30 });
    for (const pass of samples) {
      for (const channel of [0, 1, 2, 3]) {
        const steps = [0, 1, 2, 3, 4].map(step => pass[step * 4 + channel] ?? NaN);
        const expected = steps.every(value => value === 0)
          ? steps
          : [0, 1, 2, 3, 4].map(step => 2 * (inputs.values[step * 4 + channel] ?? NaN));
        expect(steps).toEqual(expected);
      }
    }
    const dropped = count(samples.flat(), 0) / (30 * 20);
    expect(dropped).toBeGreaterThan(0.3);
    expect(dropped).toBeLessThan(0.7);
  });

  test('a noise shape is followed', async () => {
    const model = sequence(
      layers.dropout({ rate: 0.5, noiseShape: [null, 3, 1] as number[], inputShape: [3, 2] }),
      layers.flatten(),
      layers.dense({ units: 6, useBias: false }),
    );
    model.setWeights([tf.eye(6)]);
    const [samples = []] = await passLogits(engine, model, someInputs(1, [3, 2]), { passes: 40 });
    for (const [a, b, c, d, e, f] of samples) {
      expect([a === 0, c === 0, e === 0]).toEqual([b === 0, d === 0, f === 0]);
    }
    expect(new Set(samples.map(([a, , c]) => `${a === 0} ${c === 0}`)).size).toBe(4);
  });

  test('dropout of every time step has a mask for each step', async () => {
    const model = sequence(
      layers.timeDistributed({
        layer: layers.dropout({ rate: 0.5 }),
        inputShape: [3, 2],
      }),
      layers.flatten(),
      layers.dense({ units: 6, useBias: false }),
    );
    model.setWeights([tf.eye(6)]);
    const [samples = []] = await passLogits(engine, model, someInputs(1, [3, 2]), { passes: 200 });
    const patterns = new Set(samples.map(pass => pass.map(value => Number(value !== 0)).join('')));
    // 64 masks in all; 200 draws miss 64·(63/64)²⁰⁰ ≈ 3 of them.
    expect(patterns.size).toBeGreaterThan(50);
  });
});

describe('recurrent layers compute with the masks that they are given', () => {
  const steps = 4;
  const features = 3;
  const units = 2;
  const passes = 5;
  const inputs = someInputs(1, [steps, features]);
  const rates = { dropout: 0.4, recurrentDropout: 0.3 };
  /** The usual initialiser of recurrent weights is slow and needs more of the library. */
  const cellOptions = { ...rates, recurrentInitializer: 'zeros' } as const;

  test('a simple cell, by hand', async () => {
    const recurrent = layers.simpleRNN({
      ...cellOptions,
      units,
      inputShape: [steps, features],
      name: 'rnn',
    });
    const model = sequence(recurrent, layers.dense({ units: 2, useBias: false }));
    const [kernel = [], recurrentKernel = []] = model
      .getWeights()
      .map(weight => weight.arraySync() as number[][]);
    const bias = model.getWeights()[2]?.arraySync() as number[];
    const readout = model.getWeights()[3]?.arraySync() as number[][];
    const inputMasks = masks(rates.dropout, features, passes, ['rnn', 0]);
    const stateMasks = masks(rates.recurrentDropout, units, passes, ['rnn', 1]);

    const [samples = []] = await passLogits(engine, model, inputs, { passes });
    samples.forEach((pass, t) => {
      let state = Array.from({ length: units }, () => 0);
      for (let step = 0; step < steps; step++) {
        state = state.map((_, j) => {
          let sum = bias[j] ?? NaN;
          for (let i = 0; i < features; i++) {
            const x = inputs.values[step * features + i] ?? NaN;
            sum += x * (inputMasks[t]?.[i] ?? NaN) * (kernel[i]?.[j] ?? NaN);
          }
          for (let i = 0; i < units; i++) {
            sum +=
              (state[i] ?? NaN) * (stateMasks[t]?.[i] ?? NaN) * (recurrentKernel[i]?.[j] ?? NaN);
          }
          return Math.tanh(sum);
        });
      }
      pass.forEach((logit, k) => {
        const expected = state.reduce((sum, h, j) => sum + h * (readout[j]?.[k] ?? NaN), 0);
        expect(logit).toBeCloseTo(expected, 5);
      });
    });
  });

  const sequenceShape = [steps, features];
  test.each<[string, Layer]>([
    ['LSTM', layers.lstm({ ...cellOptions, units, inputShape: sequenceShape, name: 'rnn' })],
    ['GRU', layers.gru({ ...cellOptions, units, inputShape: sequenceShape, name: 'rnn' })],
    [
      'LSTM of sequences',
      layers.lstm({
        ...cellOptions,
        units,
        returnSequences: true,
        inputShape: sequenceShape,
        name: 'rnn',
      }),
    ],
    [
      'Bidirectional GRU',
      layers.bidirectional({
        layer: layers.gru({ ...cellOptions, units }),
        mergeMode: 'concat',
        inputShape: sequenceShape,
        name: 'rnn',
      }),
    ],
  ])('%s, against TensorFlow.js in training with the same masks', async (name, recurrent) => {
    const model = sequence(
      recurrent,
      ...(name === 'LSTM of sequences' ? [layers.flatten()] : []),
      layers.dense({ units: 2, useBias: false }),
    );
    const [samples = []] = await passLogits(engine, model, inputs, { passes });
    samples.forEach((pass, t) => {
      pass.forEach((logit, k) => {
        const expected = trainingLogits(model, inputs, t)[k] ?? NaN;
        expect(logit).toBeCloseTo(expected, 5);
      });
    });
    expect(variance(samples.map(pass => pass[0] ?? NaN))).toBeGreaterThan(1e-6);
  });

  /**
   * One pass through the training branch of TensorFlow.js, whose cells ask a function for masks. A
   * cell asks several times and uses the first answer.
   */
  function trainingLogits(model: tfl.LayersModel, batch: Batch, pass: number): number[] {
    let source = 0;
    const cells = cellsOf(model.layers[0] as Layer);
    for (const cell of cells) {
      for (const rate of [rates.dropout, rates.recurrentDropout]) {
        const own = source++;
        const width = rate === rates.dropout ? cell.kernel.shape[0] : cell.units;
        const mask = masks(rate, width ?? 0, passes, ['rnn', own])[pass] ?? [];
        cell.prepared.set(rate, mask);
      }
      cell.dropoutFunc = (_ones, rate) => tf.tensor2d([cell.prepared.get(rate) ?? []]);
      cell.dropoutMask = null;
      cell.recurrentDropoutMask = null;
    }
    const x = tf.tensor(batch.values, [batch.count, ...batch.shape]);
    const logits = model.apply(x, { training: true }) as tf.Tensor2D;
    return logits.arraySync()[0] ?? [];
  }

  test('a convolutional LSTM', async () => {
    const shape = [2, 4, 4, 1];
    const recurrent = layers.convLstm2d({
      ...cellOptions,
      filters: 2,
      kernelSize: 2,
      inputShape: shape,
      name: 'rnn',
    });
    const model = sequence(recurrent, layers.flatten(), layers.dense({ units: 2 }));
    const video = someInputs(2, shape);
    const logits = await passLogits(engine, model, video, { passes: 6 });
    for (const sample of logits) {
      expect(variance(sample.map(pass => pass[0] ?? NaN))).toBeGreaterThan(1e-6);
    }
    // Afterwards the layer is as it was.
    expect(predictedLogits(model, video)).toEqual(predictedLogits(model, video));
  });
});

interface Cell {
  units: number;
  kernel: tfl.LayerVariable;
  dropoutMask: unknown;
  recurrentDropoutMask: unknown;
  dropoutFunc: ((ones: tf.Tensor, rate: number) => tf.Tensor) | null;
  prepared: Map<number, number[]>;
}

function cellsOf(layer: Layer): Cell[] {
  const { cell, forwardLayer, backwardLayer } = layer as unknown as {
    cell?: Cell;
    forwardLayer?: Layer;
    backwardLayer?: Layer;
  };
  if (forwardLayer !== undefined && backwardLayer !== undefined) {
    return [...cellsOf(forwardLayer), ...cellsOf(backwardLayer)];
  }
  const cells = cell === undefined ? [] : [cell];
  for (const each of cells) each.prepared = new Map();
  return cells;
}

test('masked time steps stay masked in every pass', async () => {
  const build = (): tfl.LayersModel =>
    withFixedWeights(
      tfl.sequential({
        layers: [
          layers.masking({ maskValue: 0, inputShape: [4, 2] }),
          layers.dropout({ rate: 0.5 }),
          layers.simpleRNN({ units: 3, recurrentInitializer: 'zeros' }),
          layers.dense({ units: 2 }),
        ],
      }),
    );
  const padded = someInputs(2, [4, 2]);
  padded.values.fill(0, 4, 8);
  const model = build();
  const shorter = someInputs(2, [4, 2]);
  const [withPadding = []] = await passLogits(engine, model, padded, { passes: 8 });
  const [without = []] = await passLogits(engine, model, shorter, { passes: 8 });
  expect(withPadding).not.toEqual(without);

  // What stands in masked steps must not matter: only the mask keeps it out.
  const reference = predictedLogits(model, padded)[0] ?? [];
  const twoSteps = tfl.sequential({
    layers: [
      layers.simpleRNN({ units: 3, recurrentInitializer: 'zeros', inputShape: [2, 2] }),
      layers.dense({ units: 2 }),
    ],
  });
  twoSteps.setWeights(model.getWeights());
  const direct = tf.tidy(() =>
    (
      twoSteps.predict(tf.tensor3d(padded.values.slice(0, 4), [1, 2, 2])) as tf.Tensor2D
    ).arraySync(),
  )[0];
  reference.forEach((value, k) => expect(value).toBeCloseTo(direct?.[k] ?? NaN, 5));
  const passMean = [0, 1].map(k => mean(withPadding.map(pass => pass[k] ?? NaN)));
  expect(passMean.every(Number.isFinite)).toBe(true);
});
