import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../examples/digits/src/tensorflow.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'iris');
const model = join(example, 'models', 'iris-mlp', 'model.json');

const PreprocessingSchema = v.object({
  mean: v.array(v.number()),
  standardDeviation: v.array(v.number()),
});
const ModelFileSchema = v.object({
  userDefinedMetadata: v.object({
    preprocessing: PreprocessingSchema,
    testAccuracy: v.object({ correct: v.number(), of: v.number() }),
  }),
});
const metadata = v.parse(ModelFileSchema, JSON.parse(readFileSync(model, 'utf8')));

function rows(name: string): string[] {
  return readFileSync(join(example, name), 'utf8').trim().split('\n').slice(1);
}

function features(name: string): number[][] {
  return rows(name).map(row => row.split(',').slice(0, 4).map(Number));
}

describe('the iris example', () => {
  beforeAll(async () => {
    await openEngine({ name: 'wasm' });
    await tf.setBackend('wasm');
  });

  test('keeps 50 of 150 flowers for the audit, of every species', () => {
    expect(rows('train.csv')).toHaveLength(100);
    const species = rows('test.csv').map(row => row.split(',').at(-1));
    const count = (name: string): number => species.filter(each => each === name).length;
    expect(['setosa', 'versicolor', 'virginica'].map(count)).toEqual([16, 17, 17]);
    const shared = rows('test.csv').filter(row => rows('train.csv').includes(row));
    // Fisher measured one pair of equal flowers.
    expect(shared.length).toBeLessThanOrEqual(1);
  });

  test('standardises by mean and deviation of the training flowers', async () => {
    const { mean, standardDeviation } = metadata.userDefinedMetadata.preprocessing;
    const { config } = await readConfig(join(example, 'assay.config.json'));
    expect(config.input.preprocessing).toMatchObject({ mean, standardDeviation });
    const moments = tf.moments(tf.tensor2d(features('train.csv')), 0);
    const means = moments.mean.dataSync();
    const deviations = tf.sqrt(moments.variance).dataSync();
    mean.forEach((value, i) => expect(value).toBeCloseTo(means[i] as number, 2));
    standardDeviation.forEach((value, i) => expect(value).toBeCloseTo(deviations[i] as number, 2));
  });

  test('has a model that names the flowers as its metadata say', async () => {
    const { preprocessing, testAccuracy } = metadata.userDefinedMetadata;
    const classifier = await tf.loadLayersModel(`file://${model}`);
    const { config } = await readConfig(join(example, 'assay.config.json'));
    const inputs = tf.div(
      tf.sub(features('test.csv'), preprocessing.mean),
      preprocessing.standardDeviation,
    );
    const answers = tf.argMax(classifier.predict(inputs) as tf.Tensor, 1).dataSync();
    const correct = rows('test.csv').filter((row, i) =>
      row.endsWith(`,${config.input.classNames?.[answers[i] as number] ?? ''}`),
    ).length;
    expect({ correct, of: 50 }).toEqual({ correct: testAccuracy.correct, of: testAccuracy.of });
    expect(correct).toBeGreaterThanOrEqual(47);
  });
});
