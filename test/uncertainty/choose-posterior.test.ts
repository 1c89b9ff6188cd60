import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import { choosePosterior } from '../../src/uncertainty/choose-posterior.ts';
import { openEnsemble } from '../../src/uncertainty/ensemble.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import { node, placeholder, savedGraph } from './small-graphs.ts';
import {
  bounds,
  predictedLogits,
  saved,
  sequence,
  someInputs,
  someValues,
} from './small-networks.ts';

const { layers } = tfl;
const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

const plain = (activation: 'linear' | 'softmax' = 'softmax'): tfl.LayersModel =>
  sequence(layers.dense({ units: 3, activation, inputShape: [2] }));
const wider = (activation: 'linear' | 'softmax' = 'softmax'): tfl.LayersModel =>
  sequence(
    layers.dense({ units: 5, activation: 'tanh', inputShape: [2] }),
    layers.dense({ units: 3, activation }),
  );
const withDropout = (): tfl.LayersModel =>
  sequence(
    layers.dense({ units: 5, activation: 'tanh', inputShape: [2] }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 3, activation: 'softmax' }),
  );
const calibration = someInputs(60, [2], 'calibration');

describe('an ensemble', () => {
  const inputs = someInputs(4, [2]);
  const options = { passes: 100, seed: 1, sampleIndices: [0, 1, 2, 3] };

  test('takes each model as a pass', async () => {
    const posterior = await openEnsemble(engine, [await saved(plain()), await saved(wider())], {
      bounds,
    });
    if (!posterior.applicable) throw new Error(posterior.reason);
    const scores = await posterior.score(inputs, options);
    const expected = new PredictionAccumulator(4, 3);
    for (const model of [plain('linear'), wider('linear')]) {
      expected.addPass(Float64Array.from(predictedLogits(model, inputs).flat()));
    }
    expect(scores.passes).toBe(2);
    scores.mutualInformation.forEach((value, i) =>
      expect(value).toBeCloseTo(expected.finish().mutualInformation[i] ?? NaN, 6),
    );
  });

  test('of one model, twice, is none', async () => {
    const one = await saved(plain());
    expect(await openEnsemble(engine, [one, one], { bounds })).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('at least two different models') as string,
      remedy: expect.stringContaining('`uncertainty.models`') as string,
    });
    // The same function under other names.
    expect(await openEnsemble(engine, [one, await saved(plain())], { bounds })).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('answer alike') as string,
    });
  });

  test('of models for different tasks is none', async () => {
    const other = sequence(layers.dense({ units: 4, activation: 'softmax', inputShape: [2] }));
    const result = await openEnsemble(engine, [await saved(plain()), await saved(other)], {
      bounds,
    });
    expect(result).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/3 classes.*4 classes/) as string,
    });
  });
});

describe('the automatic choice', () => {
  test('is the ensemble where there are companions', async () => {
    const chosen = await choosePosterior(engine, await saved(withDropout()), {
      bounds,
      method: 'auto',
      companions: [await saved(plain())],
      calibration,
    });
    expect(chosen).toMatchObject({ applicable: true, posterior: { method: 'ensemble' } });
  });

  test('is dropout where there is some', async () => {
    const chosen = await choosePosterior(engine, await saved(withDropout()), {
      bounds,
      method: 'auto',
      calibration,
    });
    expect(chosen).toMatchObject({
      applicable: true,
      posterior: { method: 'mc-dropout' },
      reason: expect.stringContaining('dropout') as string,
    });
  });

  test('is the model itself where it is random', async () => {
    const graph = await savedGraph(
      [
        placeholder(2),
        node('shape', 'Shape', ['x']),
        node('random', 'RandomStandardNormal', ['shape'], { dtype: { type: 'DT_FLOAT' } }),
        node('noisy', 'AddV2', ['x', 'random']),
        node('z', 'MatMul', ['noisy', 'w']),
      ],
      [{ name: 'w', shape: [2, 3], values: someValues(6, 'w') }],
    );
    const chosen = await choosePosterior(engine, graph, { bounds, method: 'auto', calibration });
    expect(chosen).toMatchObject({ applicable: true, posterior: { method: 'stochastic-model' } });
  });

  test('is Laplace where nothing varies, and says so', async () => {
    const chosen = await choosePosterior(engine, await saved(wider()), {
      bounds,
      method: 'auto',
      calibration,
    });
    expect(chosen).toMatchObject({
      applicable: true,
      posterior: { method: 'last-layer-laplace' },
      reason: expect.stringContaining('no dropout') as string,
    });
  });

  test('is none without calibration data, with the reasons and a remedy', async () => {
    const none = await choosePosterior(engine, await saved(wider()), { bounds, method: 'auto' });
    expect(none).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/no dropout.*calibration data/) as string,
      remedy: expect.stringMatching(/Laplace.*ensemble/) as string,
    });
  });

  test('can be overruled', async () => {
    const chosen = await choosePosterior(engine, await saved(withDropout()), {
      bounds,
      method: 'last-layer-laplace',
      calibration,
    });
    expect(chosen).toMatchObject({
      applicable: true,
      posterior: { method: 'last-layer-laplace' },
      reason: 'As configured.',
    });
  });
});
