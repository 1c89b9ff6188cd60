import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { graphModelOf } from '../../examples/digits/training/graph-model-export.ts';
import { recipes } from '../../examples/digits/training/recipes.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

/** Biases start at zero, where a graph without them would not be told from one with them. */
function withRandomBiases(model: Sequential): Sequential {
  const weights = model
    .getWeights()
    .map(weight =>
      weight.rank === 1 ? tf.randomNormal(weight.shape, 0, 0.5, 'float32', 3) : weight,
    );
  model.setWeights(weights);
  return model;
}

async function outputs(
  model: Sequential,
  input: tf.Tensor,
): Promise<{ layers: Float32Array; graph: Float32Array }> {
  const graph = await loadGraphModel(tf.io.fromMemory(graphModelOf(model)));
  return {
    layers: (model.predict(input) as tf.Tensor).dataSync<'float32'>(),
    graph: (graph.predict(input) as tf.Tensor).dataSync<'float32'>(),
  };
}

describe.each(['wasm', 'cpu'] as const)('a layers model as a graph on %s', engine => {
  beforeAll(async () => {
    await openEngine({ name: engine });
    await tf.setBackend(engine);
  });

  const images = Float32Array.from({ length: 4 * 28 * 28 }, (_, i) => Math.abs(Math.sin(i * i)));

  test.each(recipes)('$name stays the same function', async recipe => {
    const model = withRandomBiases(recipe.build(11));
    const found = await outputs(model, tf.tensor(images, [4, 28, 28, 1]));
    expect(found.layers.length).toBe(40);
    found.graph.forEach((probability, i) =>
      expect(Math.abs(probability - (found.layers[i] as number))).toBeLessThanOrEqual(1e-6),
    );
  });

  test('strides, padding, pooling and linear activations are kept', async () => {
    const model = withRandomBiases(
      sequential({
        layers: [
          layers.conv2d({
            inputShape: [9, 9, 2],
            filters: 3,
            kernelSize: [3, 2],
            strides: [2, 1],
            padding: 'same',
          }),
          layers.averagePooling2d({ poolSize: [2, 3], strides: [1, 2] }),
          layers.flatten(),
          layers.dense({ units: 5 }),
          layers.dropout({ rate: 0.5 }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
    );
    const found = await outputs(model, tf.randomUniform([2, 9, 9, 2], -1, 1, 'float32', 5));
    found.graph.forEach((probability, i) =>
      expect(probability).toBeCloseTo(found.layers[i] as number, 6),
    );
  });

  test('a layer without a counterpart is named', () => {
    const model = sequential({
      layers: [
        layers.dense({ units: 2, inputShape: [2] }),
        layers.batchNormalization({ name: 'norm' }),
      ],
    });
    expect(() => graphModelOf(model)).toThrow(/norm \(BatchNormalization\) has no counterpart/);
  });

  test('an activation without a counterpart is named', () => {
    const model = sequential({
      layers: [layers.dense({ units: 2, inputShape: [2], activation: 'elu', name: 'bent' })],
    });
    expect(() => graphModelOf(model)).toThrow(/activation elu of bent/);
  });
});
