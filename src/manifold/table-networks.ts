import * as tf from '@tensorflow/tfjs-core';
import type { TableSizes } from './network-sizes.ts';
import {
  layerWeights,
  leak,
  type ManifoldNetworks,
  type TrainableNetwork,
} from './trainable-network.ts';

/** The networks of a manifold of tables: dense layers with leaky relu, linear at the end. */
export function tableNetworks({ features, latentSize, hidden }: TableSizes): ManifoldNetworks {
  return {
    sampleShape: [features],
    latentSize,
    generator: denseNetwork('generator', [latentSize, ...hidden, features]),
    critic: denseNetwork('critic', [features, ...hidden, 1]),
    inverter: denseNetwork('inverter', [features, ...hidden, latentSize]),
  };
}

function denseNetwork(name: string, units: readonly number[]): TrainableNetwork {
  const layers = units.slice(1);
  return {
    weights: layers.flatMap((to, layer) => {
      const from = units[layer] ?? 1;
      return layerWeights(`${name}/dense${layer + 1}`, [from, to], from, to);
    }),
    apply: (rows, weights) =>
      layers.reduce<tf.Tensor>((input, _, layer) => {
        const [weight, bias] = weights.slice(2 * layer, 2 * layer + 2) as [tf.Tensor2D, tf.Tensor];
        const output = tf.add(tf.matMul(input as tf.Tensor2D, weight), bias);
        return layer === layers.length - 1 ? output : tf.leakyRelu(output, leak);
      }, rows),
  };
}
