import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type * as guardModule from '../../src/guard/guard-module.ts';
import type { GuardSettings } from '../../src/guard/guard-module.ts';
import { manifoldScores } from '../../src/manifold/manifold-scores.ts';
import type { Manifold } from '../../src/manifold/manifold.ts';
import { openManifold } from '../../src/manifold/open-manifold.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { firstDigits, openDigitsModel } from '../fixtures/digits.ts';
import { DigitsGuard } from './digits-guard.ts';

/** What stock TensorFlow.js is given in Node.js, as the README of a guard says it. */
async function loadModel(folder: string): Promise<tfl.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(
    await readFile(join(folder, 'model.json'), 'utf8'),
  ) as { modelTopology: object; weightsManifest: tf.io.WeightsManifestConfig };
  const [{ paths, weights: weightSpecs } = { paths: [], weights: [] }] = weightsManifest;
  const shards = await Promise.all(paths.map(path => readFile(join(folder, path))));
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  return await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

let exported: DigitsGuard;
let engine: Engine;
let manifold: Manifold;
let classifier: Classifier;
let inputs: Batch;
let settings: GuardSettings;
let options: ConstructorParameters<typeof guardModule.Guard<tf.Tensor>>[0];
/** The module as it was exported, not its source. */
let Guard: typeof guardModule.Guard;

beforeAll(async () => {
  exported = await DigitsGuard.export();
  engine = await openEngine({ name: 'wasm' });
  const trained = await exported.trained();
  if (trained === undefined) throw new Error('not trained');
  manifold = openManifold(engine, trained);
  classifier = await openDigitsModel(engine, 'digits-cnn');
  ({ inputs } = await firstDigits(8));
  await tf.setBackend('cpu');
  const { guardFolder } = exported;
  ({ Guard } = (await import(
    pathToFileURL(join(guardFolder, 'guard.js')).href
  )) as typeof guardModule);
  settings = JSON.parse(await readFile(join(guardFolder, 'guard.json'), 'utf8')) as GuardSettings;
  const model = await loadModel(exported.modelFolder);
  options = {
    tf,
    settings,
    inverter: await loadModel(join(guardFolder, 'inverter')),
    generator: await loadModel(join(guardFolder, 'generator')),
    classify: input => model.predict(input),
  };
});

afterAll(async () => {
  manifold.dispose();
  await exported.remove();
});

describe('an exported guard in Node.js', () => {
  test('scores as Assay does', async () => {
    const expected = await manifoldScores(manifold, classifier, inputs);
    const scores = await new Guard(options).score(inputs.values);
    scores.reconstructionErrors.forEach((error, row) =>
      expect(error).toBeCloseTo(expected['reconstruction-error']?.[row] ?? NaN, 4),
    );
    scores.divergences.forEach((divergence, row) =>
      expect(divergence).toBeCloseTo(expected['reconstruction-divergence']?.[row] ?? NaN, 4),
    );
  });

  test('corrects as Assay does', async () => {
    const expected = await manifold.reconstruct(inputs);
    const corrected = await new Guard(options).correct(inputs.values);
    expect(corrected.length).toBe(expected.values.length);
    corrected.forEach((value, i) => {
      if (!(Math.abs(value - (expected.values[i] ?? NaN)) < 1e-5)) expect.fail(`number ${i}`);
    });
  });

  test('refuses what is above either threshold, and what is no number', async () => {
    const level = settings.levels.find(one => one.falsePositiveRate === 0.1);
    if (level === undefined) return expect.fail('no level');
    const guard = new Guard({ ...options, falsePositiveRate: 0.1 });
    const noise = inputs.values.map((value, i) => (i % 2 === 0 ? 1 - value : value));
    noise[0] = NaN;
    const { reconstructionErrors, divergences, refused } = await guard.score(noise);
    expect(refused[0]).toBe(true);
    expect(refused.slice(1)).toEqual(
      [...reconstructionErrors.slice(1)].map(
        (error, row) =>
          error > level.thresholds.reconstructionError ||
          (divergences[row + 1] ?? NaN) > level.thresholds.divergence,
      ),
    );
    expect(await guard.refuses(noise)).toEqual(refused);
  });

  test('keeps its false-positive rate on clean digits that it was not set on', () => {
    for (const { falsePositiveRate, realised } of settings.levels) {
      expect(realised.lower).toBeLessThanOrEqual(falsePositiveRate);
      expect(realised.count).toBe(1000);
    }
  });

  test('leaves no tensors behind', async () => {
    const guard = new Guard(options);
    await guard.score(inputs.values);
    const before = tf.memory().numTensors;
    await guard.score(inputs.values);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('says what is wrong with its use', async () => {
    expect(() => new Guard({ ...options, falsePositiveRate: 0.2 })).toThrow('0.01, 0.05, 0.1');
    await expect(new Guard(options).correct(new Float32Array(10))).rejects.toThrow(
      'no whole number of inputs of shape [28, 28, 1]',
    );
  });
});

describe('answers of a model', () => {
  const logits = [2, 1, -1];
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
  const forms: readonly [GuardSettings['answers'], number[], number[]][] = [
    ['logits', logits, [0, 0, 0]],
    ['probabilities', logits.map(logit => Math.exp(logit) / sum), [1 / 3, 1 / 3, 1 / 3]],
    ['sigmoids', logits.map(sigmoid), [0.5, 0.5, 0.5]],
    ['binary-logit', [1.5], [0]],
    ['binary-probability', [sigmoid(1.5)], [0.5]],
  ];

  test.each(forms)('%s give the divergence of the distributions', async (answers, on, after) => {
    const exponentials = (answers.startsWith('binary') ? [0, 1.5] : logits).map(Math.exp);
    const total = exponentials.reduce((a, b) => a + b, 0);
    const p = exponentials.map(value => value / total);
    const q = 1 / p.length;
    const entropy = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum - value * Math.log(value), 0);
    const expected =
      entropy(p.map(value => (value + q) / 2)) - (entropy(p) + Math.log(p.length)) / 2;
    let calls = 0;
    const guard = new Guard({
      ...options,
      settings: { ...settings, answers },
      classify: () => tf.tensor2d([calls++ === 0 ? on : after]),
    });
    const { divergences } = await guard.score(inputs.row(0));
    expect(divergences[0]).toBeCloseTo(expected, 6);
  });
});
