import * as tf from '@tensorflow/tfjs-core';
import { Batch, sizeOf } from '../arrays/batch.ts';
import type { BatchFunction, Engine, PreparedFunction } from '../engine/engine.ts';
import { createNetworks } from './create-networks.ts';
import type { DataScale } from './data-scale.ts';
import type { Manifold, Misfit, PulledBack } from './manifold.ts';
import { squeeze, squeezeRange } from './squeeze.ts';
import type { TrainableNetwork } from './trainable-network.ts';
import type { TrainedManifold } from './trained-manifold.ts';

/** Puts a trained manifold on an engine. */
export function openManifold(engine: Engine, trained: TrainedManifold): Manifold {
  return new NetworkManifold(engine, trained);
}

/** A function of one sample or latent vector; a batch goes through it row by row. */
type Apply = (input: tf.Tensor) => tf.Tensor;

class NetworkManifold implements Manifold {
  readonly inputShape: readonly number[];
  readonly latentSize: number;
  readonly latentDeviations: readonly number[];
  readonly squeezes: boolean;
  readonly #engine: Engine;
  readonly #prepared = new Map<string, PreparedFunction>();
  readonly #kept: tf.Tensor[] = [];
  readonly #decode: Apply;
  readonly #encode: Apply;
  readonly #criticise: Apply;
  readonly #prepareMisfit: Apply;
  /** From what the inverter sees to the reconstruction. */
  readonly #reconstructSqueezed: Apply;
  readonly #scale: readonly number[];

  constructor(engine: Engine, { record, weights }: TrainedManifold) {
    const { inputShape, sizes, scale, recipe } = record;
    const networks = createNetworks(sizes);
    this.inputShape = inputShape;
    this.latentSize = sizes.latentSize;
    this.latentDeviations = record.latentDeviations;
    this.#engine = engine;
    const bind = (network: TrainableNetwork, values: readonly Float32Array[]): Apply => {
      const tensors = network.weights.map(({ shape }, index) =>
        tf.keep(tf.tensor((values[index] as Float32Array).slice(), [...shape])),
      );
      this.#kept.push(...tensors);
      return input => network.apply(input, tensors);
    };
    const units = networkUnits(scale, networks.sampleShape);
    this.squeezes = recipe.inverterInput === 'noise-and-squeeze';
    this.#scale = scale.scale;
    const look: Apply = this.squeezes ? squeeze : x => x;
    const generator = bind(networks.generator, weights.generator);
    const inverter = bind(networks.inverter, weights.inverter);
    const critic = bind(networks.critic, weights.critic);
    this.#decode = latent => units.leave(generator(latent), inputShape);
    this.#encode = input => inverter(look(units.enter(input)));
    this.#criticise = input => critic(units.enter(input));
    this.#prepareMisfit = input => look(units.enter(input));
    this.#reconstructSqueezed = squeezed => this.#decode(inverter(squeezed));
  }

  async decode(latents: Batch): Promise<Batch> {
    return await this.#run('decode', [this.latentSize], this.inputShape, this.#decode, latents);
  }

  async encode(inputs: Batch): Promise<Batch> {
    return await this.#run('encode', this.inputShape, [this.latentSize], this.#encode, inputs);
  }

  async reconstruct(inputs: Batch): Promise<Batch> {
    const { inputShape } = this;
    return await this.#run('reconstruct', inputShape, inputShape, this.#reconstruct, inputs);
  }

  async pullBackDecode(latents: Batch, cotangents: Batch): Promise<PulledBack> {
    const shape = [this.latentSize];
    return await this.#pullBack('gradient of decode', shape, this.#decode, latents, cotangents);
  }

  async pullBackReconstruct(inputs: Batch, cotangents: Batch): Promise<PulledBack> {
    return await this.#pullBack(
      'gradient of reconstruct',
      this.inputShape,
      this.#reconstruct,
      inputs,
      cotangents,
    );
  }

  async pullBackStraightThrough(inputs: Batch, cotangents: Batch): Promise<PulledBack> {
    const { inputShape } = this;
    const width = this.squeezes ? squeezeRange.upper - squeezeRange.lower : 1;
    const prepared = this.#prepare({
      name: 'straight-through gradient of reconstruct',
      inputs: [inputShape, inputShape],
      compute: (input, cotangent) => {
        const shown = this.#prepareMisfit(input);
        const { value, grad } = tf.valueAndGrad(this.#reconstructSqueezed)(shown, cotangent);
        const scaled = tf.div(
          grad,
          this.#scale.map(scale => scale * width),
        );
        return [value, tf.reshape(scaled, input.shape)];
      },
    });
    return await this.#pulledBack(prepared, inputShape, inputs, cotangents);
  }

  async misfit(latents: Batch, inputs: Batch): Promise<Misfit> {
    const prepared = this.#prepare({
      name: 'misfit of latent vectors',
      inputs: [[this.latentSize], this.inputShape],
      compute: (latent, input) => {
        const target = this.#prepareMisfit(input);
        const squaresOf = (point: tf.Tensor): tf.Tensor =>
          sumRows(tf.squaredDifference(this.#prepareMisfit(this.#decode(point)), target));
        const { value, grad } = tf.valueAndGrad(squaresOf)(latent, tf.ones([latent.shape[0]]));
        return [value, grad];
      },
    });
    const [squares, gradient] = await prepared.run(latents.count, [latents.values, inputs.values]);
    return {
      squares: squares as Float32Array,
      gradient: new Batch(gradient as Float32Array, [this.latentSize]),
    };
  }

  async criticScores(inputs: Batch): Promise<Float32Array> {
    const { values } = await this.#run('critic', this.inputShape, [1], this.#criticise, inputs);
    return values;
  }

  dispose(): void {
    for (const prepared of this.#prepared.values()) prepared.dispose();
    this.#prepared.clear();
    tf.dispose(this.#kept);
  }

  readonly #reconstruct: Apply = input => this.#decode(this.#encode(input));

  async #run(
    name: string,
    inputShape: readonly number[],
    outputShape: readonly number[],
    apply: Apply,
    inputs: Batch,
  ): Promise<Batch> {
    const prepared = this.#prepare({
      name,
      inputs: [inputShape],
      compute: input => [apply(input)],
    });
    const [outputs] = await prepared.run(inputs.count, [inputs.values]);
    return new Batch(outputs as Float32Array, outputShape);
  }

  /** The outputs of these functions are samples; their cotangents have the shape of samples. */
  async #pullBack(
    name: string,
    inputShape: readonly number[],
    apply: Apply,
    inputs: Batch,
    cotangents: Batch,
  ): Promise<PulledBack> {
    const prepared = this.#prepare({
      name,
      inputs: [inputShape, this.inputShape],
      compute: (input, cotangent) => {
        const { value, grad } = tf.valueAndGrad(apply)(input, cotangent);
        return [value, grad];
      },
    });
    return await this.#pulledBack(prepared, inputShape, inputs, cotangents);
  }

  async #pulledBack(
    prepared: PreparedFunction,
    inputShape: readonly number[],
    inputs: Batch,
    cotangents: Batch,
  ): Promise<PulledBack> {
    const results = await prepared.run(inputs.count, [inputs.values, cotangents.values]);
    const [outputs, gradient] = results as [Float32Array, Float32Array];
    return {
      outputs: new Batch(outputs, this.inputShape),
      gradient: new Batch(gradient, inputShape),
    };
  }

  #prepare(fn: BatchFunction): PreparedFunction {
    const known = this.#prepared.get(fn.name);
    if (known !== undefined) return known;
    const prepared = this.#engine.prepare({ ...fn, name: `${fn.name} of the manifold` });
    this.#prepared.set(fn.name, prepared);
    return prepared;
  }
}

/** Ways between input units and network units. */
function networkUnits(
  { offset, scale, bounds }: DataScale,
  sampleShape: readonly number[],
): { enter: Apply; leave: (samples: tf.Tensor, shape: readonly number[]) => tf.Tensor } {
  return {
    enter: inputs => {
      const batch = inputs.shape[0];
      const samples = tf.reshape(inputs, [batch, ...sampleShape]);
      return tf.div(tf.sub(samples, [...offset]), [...scale]);
    },
    leave: (samples, shape) => {
      const batch = samples.shape[0];
      const inputs = tf.add(tf.mul(samples, [...scale]), [...offset]);
      return tf.reshape(tf.clipByValue(inputs, bounds.lower, bounds.upper), [batch, ...shape]);
    },
  };
}

function sumRows(tensor: tf.Tensor): tf.Tensor {
  const [batch = 0, ...rest] = tensor.shape;
  return tf.sum(tf.reshape(tensor, [batch, sizeOf(rest)]), 1);
}
