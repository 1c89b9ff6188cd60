/**
 * Trains the model of this example on `train.csv` and writes it to `models/`, the same bytes at
 * every run on the same kind of processor:
 *
 *     npx tsx examples/iris/training/train.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argMax, mean, setBackend, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { initializers, layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';
import { Adam } from '../../digits/training/adam.ts';
import { seededDropout } from '../../digits/training/dropout.ts';
import { crossEntropy, logitsOf } from '../../digits/training/logits.ts';
import { layersModelOf } from '../../digits/training/saved-form.ts';
import { writeModel } from '../../digits/training/write-model.ts';

const example = join(import.meta.dirname, '..');
const species = ['setosa', 'versicolor', 'virginica'];
const plan = { seed: 1, steps: 200, learningRate: 0.01 };

/** What an input is brought to before the model: (centimetres − mean) / standardDeviation. */
const preprocessing = {
  mean: [5.83, 3.09, 3.72, 1.2],
  standardDeviation: [0.81, 0.42, 1.76, 0.78],
};

/** Flowers with their species. */
interface Flowers {
  /** Standardised lengths and widths, `[flowers][4]`. */
  readonly features: readonly (readonly number[])[];
  readonly labels: Int32Array;
}

function readFlowers(name: string): Flowers {
  const [, ...rows] = readFileSync(join(example, name), 'utf8').trim().split('\n');
  const cells = rows.map(row => row.split(','));
  return {
    features: cells.map(row => row.slice(0, 4).map(Number).map(standardise)),
    labels: Int32Array.from(cells, row => species.indexOf(row.at(-1) ?? '')),
  };
}

function standardise(value: number, feature: number): number {
  const average = preprocessing.mean[feature] as number;
  return (value - average) / (preprocessing.standardDeviation[feature] as number);
}

function build(): Sequential {
  const initialiserOf = (layer: string): ReturnType<typeof initializers.glorotUniform> =>
    initializers.glorotUniform({
      seed: new Random(plan.seed, ['initialiser', layer]).integer(2 ** 31),
    });
  const dense = (name: string, units: number, activation: 'relu' | 'softmax') => ({
    name,
    units,
    activation,
    kernelInitializer: initialiserOf(name),
  });
  return sequential({
    name: 'iris_mlp',
    layers: [
      layers.dense({ inputShape: [4], ...dense('hidden1', 16, 'relu') }),
      layers.dense(dense('hidden2', 16, 'relu')),
      layers.dropout({ name: 'dropout', rate: 0.5 }),
      layers.dense(dense('probabilities', species.length, 'softmax')),
    ],
  });
}

function fit(model: Sequential, flowers: Flowers): void {
  const adam = new Adam(model);
  const inputs = tensor2d(flowers.features as number[][]);
  const labels = tensor1d(flowers.labels, 'int32');
  for (let step = 0; step < plan.steps; step++) {
    const learningRate = plan.learningRate * (0.5 + 0.5 * Math.cos((Math.PI * step) / plan.steps));
    const dropout = seededDropout(plan.seed, step);
    const loss = tidy(() =>
      adam.minimise(
        () => mean(crossEntropy(logitsOf(model, inputs, dropout), labels)),
        learningRate,
      ),
    );
    if ((step + 1) % 100 === 0) console.log(`step ${step + 1}: loss ${loss.toFixed(4)}`);
  }
}

function accuracy(model: Sequential, flowers: Flowers): { correct: number; of: number } {
  const answers = tidy(() =>
    argMax(logitsOf(model, tensor2d(flowers.features as number[][])), 1).dataSync<'int32'>(),
  );
  const correct = flowers.labels.filter((label, i) => label === answers[i]).length;
  return { correct, of: flowers.labels.length };
}

await openEngine({ name: 'wasm' });
await setBackend('wasm');
const model = build();
fit(model, readFlowers('train.csv'));
const testAccuracy = accuracy(model, readFlowers('test.csv'));
console.log(`test accuracy: ${testAccuracy.correct} of ${testAccuracy.of}`);
writeModel(join(example, 'models', 'iris-mlp'), await layersModelOf(model), {
  description: 'Two hidden layers and dropout, for standardised lengths and widths.',
  trainedBy: 'examples/iris/training/train.ts',
  trainingData: '100 flowers of train.csv',
  plan,
  preprocessing,
  testAccuracy: { ...testAccuracy, flowers: 'all of test.csv' },
});
