import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';

/** Slope of the leaky relu below zero, in all three networks. */
export const leak = 0.2;

/** One weight of a network and how it starts. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation of the normal numbers that it starts from; 0 for biases. */
  readonly deviation: number;
}

/** A network as a pure function of its input and its weights. */
export interface TrainableNetwork {
  readonly weights: readonly WeightSpec[];
  /** @param weights one tensor for each of `weights`, in that order */
  apply(input: Tensor, weights: readonly Tensor[]): Tensor;
}

/**
 * The three networks of a manifold. All work in network units: pixels in [0, 1], columns of a table
 * with mean 0 and deviation 1.
 */
export interface ManifoldNetworks {
  /** Shape of one sample in the networks, `[height, width, channels]` or `[features]`. */
  readonly sampleShape: readonly number[];
  readonly latentSize: number;
  /** Latent vectors `[batch, latentSize]` to samples. */
  readonly generator: TrainableNetwork;
  /** Samples to `[batch, 1]`, higher for what looks like data. */
  readonly critic: TrainableNetwork;
  /** Samples to latent vectors. */
  readonly inverter: TrainableNetwork;
}

/** Weight and bias of a layer, started as He et al. (2015) do: deviation √(2 / inputs). */
export function layerWeights(
  name: string,
  shape: readonly number[],
  inputs: number,
  biases: number,
): WeightSpec[] {
  return [
    { name: `${name}/weight`, shape, deviation: Math.sqrt(2 / inputs) },
    { name: `${name}/bias`, shape: [biases], deviation: 0 },
  ];
}

/** Starting values of a network's weights; the same seed gives the same ones. */
export function initialWeights(network: TrainableNetwork, seed: number): Float32Array[] {
  return network.weights.map(({ name, shape, deviation }) => {
    const random = new Random(seed, ['manifold-weights', name]);
    return Float32Array.from({ length: sizeOf(shape) }, () =>
      deviation === 0 ? 0 : deviation * random.normal(),
    );
  });
}
