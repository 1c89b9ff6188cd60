import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { type Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };
import { saveLayersModel } from '../fixtures/write-model.ts';

const bounds = { lower: 0, upper: 1 };
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

describe('a linear model of three classes', () => {
  const { W, b, x, logits, label, grad_ce_wrt_x } = golden.linear_multiclass;

  test.each(['softmax', 'linear'] as const)('with %s has the golden logits', async activation => {
    const dense = layers.layers.dense({ units: 3, inputShape: [4], activation });
    const model = layers.sequential({ layers: [dense] });
    dense.setWeights([tf.tensor2d(W), tf.tensor1d(b)]);
    const { classifier } = await openClassifier(
      engine,
      await readSavedModel(await saveLayersModel(model)),
      { bounds },
    );

    const inputs = new Batch(Float32Array.from(x), [4]);
    const found = await classifier.logits(inputs);
    logits.forEach((value, i) => expect(found.values[i]).toBeCloseTo(value, 6));

    const oneHot = Float32Array.from([0, 1, 2], i => Number(i === label));
    const { losses, gradient } = await classifier.lossGradient(crossEntropy, inputs, [oneHot]);
    expect(losses[0]).toBeCloseTo(golden.linear_multiclass.ce, 6);
    grad_ce_wrt_x.forEach((value, i) => expect(gradient.values[i]).toBeCloseTo(value, 6));
  });
});
