import * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '../engine/engine.ts';
import type { Bounds } from './classifier.ts';
import { findLogits, type FoundLogits } from './find-logits.ts';
import { openGraphNetwork } from './graph-network.ts';
import { resolveInputShape } from './input-shape.ts';
import { openLayersNetwork } from './layers-network.ts';
import { classCountOf, logitsFrom } from './logit-form.ts';
import { nameInRemarks } from './name-in-remarks.ts';
import { probeInputs, probeNetwork } from './network-probe.ts';
import type { Network } from './network.ts';
import { preprocessor, type Preprocessing } from './preprocessing.ts';
import type { SavedModel } from './saved-model.ts';

export interface OpenModelOptions {
  /** Lowest and highest value of an input, in the user's units. */
  readonly bounds: Bounds;
  /** What the application does to an input before the model; nothing when it is left out. */
  readonly preprocessing?: Preprocessing;
  /** Shape of one input, where the model leaves it open or has no axis for the channels. */
  readonly inputShape?: readonly number[];
  /** Name of the output that holds the classes, where the model has several. */
  readonly output?: string;
}

/** The network of a saved model between its preprocessing and its logits. */
export interface LogitNetwork extends FoundLogits {
  /** Shape of one input in the user's units. */
  readonly inputShape: readonly number[];
  readonly classCount: number;
  /** Preprocessing: `[batch, …inputShape]` to what the network takes. */
  prepare(inputs: tf.Tensor): tf.Tensor;
  /** What the network gives to logits `[batch, classes]`. */
  toLogits(outputs: tf.Tensor): tf.Tensor2D;
}

/**
 * Builds a saved model and finds its logits.
 *
 * @throws ModelError when the model cannot be built or is not a classifier
 */
export async function openLogitNetwork(
  engine: Engine,
  saved: SavedModel,
  options: OpenModelOptions,
): Promise<LogitNetwork> {
  const { path } = saved;
  const found = await findLogits(
    () => openNetwork(saved, options.output),
    (candidate, way) => {
      const { inputShape, prepare } = inputOf(candidate, options, path);
      const view = {
        name: nameInRemarks(path),
        inputShape,
        apply: (inputs: tf.Tensor) => candidate.apply(prepare(inputs)),
      };
      return probeNetwork(engine, view, probeInputs(inputShape, options.bounds), way, path);
    },
    path,
  );
  const { network, form, probe } = found;
  return {
    ...found,
    ...inputOf(network, options, path),
    classCount: classCountOf(form, probe.outputs.sampleSize),
    toLogits: outputs => logitsFrom(form, outputs),
  };
}

async function openNetwork(saved: SavedModel, output: string | undefined): Promise<Network> {
  switch (saved.format) {
    case 'layers-model':
      return await openLayersNetwork(saved, output);
    case 'graph-model':
      return openGraphNetwork(saved, output);
  }
}

/** What stands before a network: preprocessing, and axes of length 1 that it wants or not. */
function inputOf(
  network: Network,
  options: OpenModelOptions,
  file: string,
): Pick<LogitNetwork, 'inputShape' | 'prepare'> {
  const { inputShape, modelShape } = resolveInputShape(
    network.inputShape,
    options.inputShape,
    file,
  );
  const preprocess = preprocessor(options.preprocessing ?? {}, inputShape);
  const reshaped = inputShape.join() !== modelShape.join();
  return {
    inputShape,
    prepare: inputs => {
      const prepared = preprocess(inputs);
      const [batch] = inputs.shape as [number];
      return reshaped ? tf.reshape(prepared, [batch, ...modelShape]) : prepared;
    },
  };
}
