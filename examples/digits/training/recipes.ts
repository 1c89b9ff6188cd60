import { initializers, layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { Random } from '../../../src/random/random.ts';
import { digitSize } from './digit-set.ts';
import type { TrainingPlan } from './fit.ts';

/** One of the models of this example: what it looks like and how it is trained. */
export interface Recipe {
  /** Folder of the model under `models/`. */
  readonly name: string;
  /** One sentence for the metadata of the model. */
  readonly description: string;
  readonly format: 'layers-model' | 'graph-model';
  readonly plan: TrainingPlan;
  /** The untrained network, `[batch, 28, 28, 1]` in [0, 1] → `[batch, 10]` probabilities. */
  build(seed: number): Sequential;
}

const inputShape = [digitSize, digitSize, 1];
const classCount = 10;

/** Glorot and Bengio's uniform initialiser (2010), seeded for one layer. */
function initialiserOf(seed: number, layer: string): ReturnType<typeof initializers.glorotUniform> {
  return initializers.glorotUniform({
    seed: new Random(seed, ['initialiser', layer]).integer(2 ** 31),
  });
}

function convolution(
  name: string,
  seed: number,
  options: Omit<Parameters<typeof layers.conv2d>[0], 'name' | 'activation'>,
): ReturnType<typeof layers.conv2d> {
  const kernelInitializer = initialiserOf(seed, name);
  return layers.conv2d({ name, ...options, activation: 'relu', kernelInitializer });
}

function dense(name: string, seed: number, units: number): ReturnType<typeof layers.dense> {
  const kernelInitializer = initialiserOf(seed, name);
  return layers.dense({ name, units, activation: 'relu', kernelInitializer });
}

function classification(seed: number): ReturnType<typeof layers.dense> {
  const name = 'probabilities';
  const kernelInitializer = initialiserOf(seed, name);
  return layers.dense({ name, units: classCount, activation: 'softmax', kernelInitializer });
}

const digitsCnn: Recipe = {
  name: 'digits-cnn',
  description: 'Two convolutions, max pooling, and a dense head with dropout.',
  format: 'layers-model',
  plan: { seed: 1, epochs: 5, batchSize: 128, learningRate: 2e-3, maximumShift: 1 },
  build: seed =>
    sequential({
      name: 'digits_cnn',
      layers: [
        convolution('conv1', seed, { inputShape, filters: 16, kernelSize: 3 }),
        convolution('conv2', seed, { filters: 32, kernelSize: 3 }),
        layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
        layers.flatten({ name: 'flatten' }),
        dense('dense1', seed, 128),
        layers.dropout({ name: 'dropout1', rate: 0.5 }),
        dense('dense2', seed, 64),
        layers.dropout({ name: 'dropout2', rate: 0.25 }),
        classification(seed),
      ],
    }),
};

const digitsCnnNext: Recipe = {
  name: 'digits-cnn-next',
  description: 'digits-cnn with average pooling after each convolution, several times as fast.',
  format: 'layers-model',
  plan: { seed: 2, epochs: 6, batchSize: 128, learningRate: 2e-3, maximumShift: 1 },
  build: seed =>
    sequential({
      name: 'digits_cnn_next',
      layers: [
        convolution('conv1', seed, { inputShape, filters: 16, kernelSize: 3 }),
        layers.averagePooling2d({ name: 'pool1', poolSize: 2 }),
        convolution('conv2', seed, { filters: 32, kernelSize: 3 }),
        layers.averagePooling2d({ name: 'pool2', poolSize: 2 }),
        layers.flatten({ name: 'flatten' }),
        dense('dense1', seed, 128),
        layers.dropout({ name: 'dropout1', rate: 0.5 }),
        dense('dense2', seed, 64),
        layers.dropout({ name: 'dropout2', rate: 0.25 }),
        classification(seed),
      ],
    }),
};

const digitsGraph: Recipe = {
  name: 'digits-graph',
  description: 'A network after LeNet-5, as a graph of TensorFlow operations.',
  format: 'graph-model',
  plan: { seed: 3, epochs: 6, batchSize: 128, learningRate: 2e-3, maximumShift: 1 },
  build: seed =>
    sequential({
      name: 'digits_graph',
      layers: [
        convolution('conv1', seed, { inputShape, filters: 12, kernelSize: 5, padding: 'same' }),
        layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),
        convolution('conv2', seed, { filters: 32, kernelSize: 5 }),
        layers.maxPooling2d({ name: 'pool2', poolSize: 2 }),
        layers.flatten({ name: 'flatten' }),
        dense('dense1', seed, 120),
        dense('dense2', seed, 84),
        classification(seed),
      ],
    }),
};

/**
 * The network and the size of the attack after Wong, Rice and Kolter: Fast is better than free
 * (2020). Their one step may collapse to a model that only withstands one step; two do not.
 */
const digitsRobust: Recipe = {
  name: 'digits-robust',
  description: 'Two strided convolutions, trained on adversaries of L∞ 0.3.',
  format: 'layers-model',
  plan: {
    seed: 4,
    epochs: 10,
    batchSize: 128,
    learningRate: 2e-3,
    maximumShift: 0,
    adversary: { epsilon: 0.3, stepSize: 0.2, steps: 2, warmUpEpochs: 3 },
  },
  build: seed =>
    sequential({
      name: 'digits_robust',
      layers: [
        convolution('conv1', seed, {
          inputShape,
          filters: 16,
          kernelSize: 4,
          strides: 2,
          padding: 'same',
        }),
        convolution('conv2', seed, { filters: 32, kernelSize: 4, strides: 2, padding: 'same' }),
        layers.flatten({ name: 'flatten' }),
        dense('dense1', seed, 100),
        classification(seed),
      ],
    }),
};

/** All models of the example. */
export const recipes: readonly Recipe[] = [digitsCnn, digitsCnnNext, digitsGraph, digitsRobust];
