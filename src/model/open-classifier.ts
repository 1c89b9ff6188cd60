import * as tf from '@tensorflow/tfjs-core';
import { type Engine } from '../engine/engine.ts';
import { type Bounds, type Classifier } from './classifier.ts';
import { findLogits } from './find-logits.ts';
import { functionClassifier } from './function-classifier.ts';
import { openGraphNetwork } from './graph-network.ts';
import { resolveInputShape } from './input-shape.ts';
import { openLayersNetwork } from './layers-network.ts';
import { classCountOf, logitsFrom } from './logit-form.ts';
import {
  oneByOne,
  probeInputs,
  probeNetwork,
  type Probe,
  type RowFunction,
} from './network-probe.ts';
import { type Network } from './network.ts';
import { preprocessor, type Preprocessing } from './preprocessing.ts';
import { type ModelFormat, type SavedModel } from './saved-model.ts';

export interface OpenClassifierOptions {
  /** Lowest and highest value of an input, in the user's units. */
  readonly bounds: Bounds;
  /** What the application does to an input before the model; nothing when it is left out. */
  readonly preprocessing?: Preprocessing;
  /** Shape of one input, where the model leaves it open or has no axis for the channels. */
  readonly inputShape?: readonly number[];
  /** Name of the output that holds the classes, where the model has several. */
  readonly output?: string;
}

/** What the report says of a model. */
export interface ModelDescription {
  readonly format: ModelFormat;
  readonly inputShape: readonly number[];
  readonly classCount: number;
  readonly parameterCount: number;
  /** Name of the output that holds the classes. */
  readonly output: string;
  /** How the logits were found, in one sentence. */
  readonly logits: string;
  /** Peculiarities that a reader should know, each one sentence. */
  readonly notes: readonly string[];
}

/** A saved model, ready to be attacked. */
export interface OpenedModel {
  readonly classifier: Classifier;
  readonly description: ModelDescription;
  /** Frees the weights and what the engine keeps for the classifier. */
  dispose(): void;
}

/**
 * Builds a saved model on the engine and finds its logits: before the softmax, whatever the layer or
 * node is called. That they are the logits is confirmed by running the model.
 *
 * @throws ModelError when the model cannot be built or is not a classifier
 */
export async function openClassifier(
  engine: Engine,
  saved: SavedModel,
  options: OpenClassifierOptions,
): Promise<OpenedModel> {
  const { bounds } = options;
  const { path } = saved;
  const { network, form, probe, description } = await findLogits(
    () => openNetwork(saved, options.output),
    candidate => {
      const view = inInputUnits(candidate, options, path);
      return probeNetwork(engine, view, probeInputs(view.inputShape, bounds), path);
    },
    path,
  );

  const { inputShape, apply } = inInputUnits(network, options, path);
  const run = probe.batched ? apply : oneByOne(apply);
  const classCount = classCountOf(form, probe.outputs.sampleSize);
  const classifier = functionClassifier(engine, {
    name: path,
    inputShape,
    classCount,
    bounds,
    apply: inputs => logitsFrom(form, run(inputs)),
  });
  return {
    classifier,
    description: {
      format: saved.format,
      inputShape,
      classCount,
      parameterCount: network.parameterCount,
      output: network.outputName,
      logits: description,
      notes: notesOn(probe),
    },
    dispose: () => {
      classifier.dispose();
      network.dispose();
    },
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

/** The network behind its preprocessing, as a function of inputs in the user's units. */
function inInputUnits(network: Network, options: OpenClassifierOptions, file: string): RowFunction {
  const { inputShape, modelShape } = resolveInputShape(
    network.inputShape,
    options.inputShape,
    file,
  );
  const preprocess = preprocessor(options.preprocessing ?? {}, inputShape);
  const reshaped = inputShape.join() !== modelShape.join();
  return {
    name: file,
    inputShape,
    apply: inputs => {
      const prepared = preprocess(inputs);
      const [batch] = inputs.shape as [number];
      return network.apply(reshaped ? tf.reshape(prepared, [batch, ...modelShape]) : prepared);
    },
  };
}

function notesOn(probe: Probe): string[] {
  return [
    ...(probe.batched
      ? []
      : ['The graph was saved for a batch of one, so samples go through it one at a time.']),
    ...(probe.outputs.values.every(Number.isFinite)
      ? []
      : ['The model answers random inputs with values that are not finite numbers.']),
  ];
}
