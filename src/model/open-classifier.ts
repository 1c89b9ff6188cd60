import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Engine } from '../engine/engine.ts';
import type { Classifier } from './classifier.ts';
import { functionClassifier } from './function-classifier.ts';
import type { AnswerForm } from './logit-form.ts';
import { openLogitNetwork, type OpenModelOptions } from './logit-network.ts';
import { nameInRemarks } from './name-in-remarks.ts';
import { oneByOne, type Probe } from './network-probe.ts';
import type { ModelFormat, SavedModel } from './saved-model.ts';

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
  /** What the saved model itself answers. */
  readonly answers: AnswerForm;
  /** Peculiarities that a reader should know, each one sentence. */
  readonly notes: readonly string[];
}

/** A saved model, ready to be attacked. */
export interface OpenedModel {
  readonly classifier: Classifier;
  readonly description: ModelDescription;
  /** The logits as a differentiable function, `[batch, …inputShape]` to `[batch, classes]`. */
  readonly logits: (inputs: Tensor) => Tensor2D;
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
  options: OpenModelOptions,
): Promise<OpenedModel> {
  const { path } = saved;
  const logits = await openLogitNetwork(engine, saved, options);
  const { network, probe, inputShape, classCount } = logits;
  const apply = (inputs: Tensor): Tensor => network.apply(logits.prepare(inputs));
  const run = probe.batched ? apply : oneByOne(apply);
  const logitsOf = (inputs: Tensor): Tensor2D => logits.toLogits(run(inputs));
  const classifier = functionClassifier(engine, {
    name: nameInRemarks(path),
    inputShape,
    classCount,
    bounds: options.bounds,
    apply: logitsOf,
  });
  return {
    classifier,
    logits: logitsOf,
    description: {
      format: saved.format,
      inputShape,
      classCount,
      parameterCount: network.parameterCount,
      output: network.outputName,
      logits: logits.description,
      answers: logits.answers,
      notes: notesOn(probe),
    },
    dispose: () => {
      classifier.dispose();
      network.dispose();
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
