import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openLogitNetwork } from '../../src/model/logit-network.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import type { SavedModel } from '../../src/model/saved-model.ts';
import { Random } from '../../src/random/random.ts';
import { unfoldLayers } from '../../src/uncertainty/layer-program.ts';
import { LayerPassFunctions } from '../../src/uncertainty/layer-pass-functions.ts';
import { PassSampler } from '../../src/uncertainty/pass-sampler.ts';
import { surveyStochasticLayers } from '../../src/uncertainty/stochastic-program.ts';
import { saveLayersModel } from '../fixtures/write-model.ts';

export type Layer = InstanceType<typeof tfl.layers.Layer>;

/** Values that look random and are the same each time. */
export function someValues(count: number, key: string, scale = 1): number[] {
  const random = new Random(11, [key]);
  return Array.from({ length: count }, () => scale * random.normal());
}

/** `count` inputs of a shape. */
export function someInputs(count: number, shape: readonly number[], key = 'inputs'): Batch {
  const size = shape.reduce((product, length) => product * length, 1);
  return new Batch(Float32Array.from(someValues(count * size, key)), shape);
}

/** Gives every weight of a model values that are the same each time. */
export function withFixedWeights(model: tfl.LayersModel): tfl.LayersModel {
  model.setWeights(
    model.getWeights().map((weight, i) => {
      const values = someValues(weight.size, `weight ${i}`, 0.7);
      // A variance of batch normalisation must be positive; others do not mind.
      const isVariance = model.weights[i]?.name.includes('moving_variance') ?? false;
      return tf.tensor(isVariance ? values.map(v => 0.5 + v * v) : values, weight.shape);
    }),
  );
  return model;
}

/** Layers one after another, with fixed weights. */
export function sequence(...layers: Layer[]): tfl.LayersModel {
  return withFixedWeights(tfl.sequential({ layers }));
}

/** What Assay makes of a model after it was written to disk. */
export async function saved(model: tfl.LayersModel): Promise<SavedModel> {
  return readSavedModel(await saveLayersModel(model));
}

export const bounds = { lower: -2, upper: 2 };

/** The logits of every pass of every sample, `[sample][pass][class]`. */
export async function passLogits(
  engine: Engine,
  model: tfl.LayersModel,
  inputs: Batch,
  options: { readonly passes: number; readonly seed?: number },
): Promise<number[][][]> {
  const network = await openLogitNetwork(engine, await saved(model), {
    bounds,
    inputShape: inputs.shape,
  });
  if (network.network.layersModel === undefined) throw new Error('not a layers model');
  const program = unfoldLayers(network.network.layersModel);
  const { steps } = surveyStochasticLayers(program);
  const functions = await LayerPassFunctions.make(
    engine,
    { ...network, name: 'test', program },
    steps,
  );
  const sampler = new PassSampler(engine, functions, network.classCount, 'mc-dropout');
  const logits: number[][][] = Array.from({ length: inputs.count }, () => []);
  await sampler.sample(
    inputs,
    {
      passes: options.passes,
      seed: options.seed ?? 1,
      sampleIndices: Array.from({ length: inputs.count }, (_, i) => i),
    },
    (sample, values) => {
      for (let start = 0; start < values.length; start += network.classCount) {
        logits[sample]?.push([...values.subarray(start, start + network.classCount)]);
      }
    },
  );
  sampler.dispose();
  network.network.dispose();
  return logits;
}

/** The logits of inference, straight from TensorFlow.js. The model must end without an activation. */
export function predictedLogits(model: tfl.LayersModel, inputs: Batch): number[][] {
  return tf.tidy(() => {
    const output = model.predict(tf.tensor(inputs.values, [inputs.count, ...inputs.shape]));
    return (output as tf.Tensor2D).arraySync();
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function variance(values: readonly number[]): number {
  const centre = mean(values);
  return mean(values.map(value => (value - centre) ** 2));
}
