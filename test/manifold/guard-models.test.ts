import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { guardModels } from '../../src/manifold/guard-models.ts';
import { createNetworks } from '../../src/manifold/create-networks.ts';
import { chooseSizes } from '../../src/manifold/network-sizes.ts';
import { oneLoopRecipe } from '../../src/manifold/recipe.ts';
import { initialWeights } from '../../src/manifold/trainable-network.ts';
import type { TrainedManifold } from '../../src/manifold/trained-manifold.ts';
import { Random } from '../../src/random/random.ts';

/** A manifold with random weights and biases, which is as good as a trained one to be compared. */
function randomManifold(shape: readonly number[]): TrainedManifold {
  const sizes = chooseSizes(shape, { width: 0.25, latentSize: 5 });
  const networks = createNetworks(sizes);
  const weights = (name: 'generator' | 'critic' | 'inverter'): Float32Array[] =>
    initialWeights(networks[name], 4).map((values, index) => {
      const random = new Random(4, [name, index]);
      return values.map(value => (value === 0 ? 0.1 * random.normal() : value));
    });
  return {
    record: {
      version: 1,
      key: 'random',
      inputShape: shape,
      sizes,
      scale: { offset: [0], scale: [1], bounds: { lower: 0, upper: 1 } },
      recipe: oneLoopRecipe('noise'),
      seed: 4,
      data: 'random',
      samples: { training: 0, heldOut: 0 },
      steps: 0,
      seconds: 0,
      heldOutError: NaN,
      errorOfMean: NaN,
      latentDeviations: [],
      history: [],
      engine: 'none',
    },
    weights: {
      generator: weights('generator'),
      critic: weights('critic'),
      inverter: weights('inverter'),
    },
  };
}

describe('layers models of inverter and generator', () => {
  // Odd sides at several depths: a transposed convolution of a layers model would double them.
  test.each([[[28, 28, 1]], [[13, 9, 1]], [[21, 34, 3]], [[96, 50, 3]], [[6]]])(
    'compute what the networks do, for %j',
    async shape => {
      await tf.setBackend('cpu');
      const trained = randomManifold(shape);
      const files = guardModels(trained);
      const networks = createNetworks(trained.record.sizes);
      const random = new Random(5, ['inputs']);
      for (const name of ['inverter', 'generator'] as const) {
        const content = (path: string): string | Uint8Array =>
          files.find(file => file.path === `${name}/${path}`)?.content ?? '';
        const { modelTopology, weightsManifest } = JSON.parse(content('model.json') as string) as {
          modelTopology: object;
          weightsManifest: tf.io.WeightsManifestConfig;
        };
        const [{ paths, weights: weightSpecs } = { paths: [], weights: [] }] = weightsManifest;
        const weightData = new Uint8Array(
          Buffer.concat(paths.map(path => content(path) as Uint8Array)),
        ).buffer;
        const model = await tfl.loadLayersModel(
          tf.io.fromMemory({ modelTopology, weightSpecs, weightData }),
        );
        const inner = name === 'inverter' ? networks.sampleShape : [networks.latentSize];
        const size = inner.reduce((product, length) => product * length, 2);
        const input = tf.tensor(
          Float32Array.from({ length: size }, () => random.uniform()),
          [2, ...inner],
        );
        const expected = networks[name].apply(
          input,
          networks[name].weights.map(({ shape: of }, index) =>
            tf.tensor(trained.weights[name][index] as Float32Array, [...of]),
          ),
        );
        const actual = model.predict(input) as tf.Tensor;
        expect(actual.shape).toEqual(expected.shape);
        const difference = tf.max(tf.abs(tf.sub(actual, expected)));
        expect((await difference.data())[0]).toBeLessThan(1e-5);
      }
    },
  );
});
