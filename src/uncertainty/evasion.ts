import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import type { Bounds, Classifier, LogitLoss, LossGradient } from '../model/classifier.ts';
import { functionClassifier } from '../model/function-classifier.ts';
import { repeatRows } from './pass-tensor.ts';
import type { Posterior } from './posterior.ts';

export interface EvasionOptions {
  /** Number of fixed passes that the adversary looks at; all of a posterior that has passes of its own. */
  readonly passes: number;
  /** λ, how much a nat of mutual information counts against the loss. */
  readonly weight: number;
  /** Whether the attack raises its loss (to leave the label) or lowers it (to reach a target). */
  readonly direction: 1 | -1;
  readonly seed: number;
}

/**
 * The classifier as an adversary sees it who also wants to go unnoticed (after Carlini and Wagner
 * 2017, "Adversarial examples are not easily detected"). Whatever loss an attack asks for becomes
 * its mean over fixed passes of the Bayesian network, less λ times their mutual information. What the
 * model answers, and so whether the attack succeeds, is still decided by the model as it is.
 *
 * @param classifier the model as it is; stays open when this one is disposed of
 */
export function evasiveClassifier(
  engine: Engine,
  classifier: Classifier,
  posterior: Posterior,
  options: EvasionOptions,
): EvasiveClassifier {
  return new FixedPasses(engine, classifier, posterior, options);
}

/** The classifier as an adversary sees it who knows of the detector, and the detector itself. */
export interface EvasiveClassifier extends Classifier {
  /** Mutual information over the fixed passes, in nats, and its gradient by the input. */
  mutualInformation(
    inputs: Batch,
  ): Promise<{ readonly scores: Float32Array; readonly gradient: Batch }>;
}

class FixedPasses implements EvasiveClassifier {
  readonly inputShape: readonly number[];
  readonly classCount: number;
  readonly bounds: Bounds;
  readonly #classifier: Classifier;
  readonly #passes: Classifier;
  readonly #options: EvasionOptions;

  constructor(
    engine: Engine,
    classifier: Classifier,
    posterior: Posterior,
    options: EvasionOptions,
  ) {
    this.inputShape = classifier.inputShape;
    this.classCount = classifier.classCount;
    this.bounds = classifier.bounds;
    this.#classifier = classifier;
    this.#options = options;
    this.#passes = functionClassifier(engine, {
      name: `${options.passes} fixed passes`,
      inputShape: classifier.inputShape,
      classCount: options.passes * classifier.classCount,
      bounds: classifier.bounds,
      apply: posterior.fixedPasses(options.passes, options.seed),
    });
  }

  logits(inputs: Batch): Promise<Batch> {
    return this.#classifier.logits(inputs);
  }

  async lossGradient(
    loss: LogitLoss,
    inputs: Batch,
    parameters: readonly Float32Array[],
  ): Promise<LossGradient> {
    const evading = evasionLoss(loss, this.classCount, this.#options);
    const result = await this.#passes.lossGradient(evading, inputs, parameters);
    return { ...result, logits: await this.#classifier.logits(inputs) };
  }

  async mutualInformation(
    inputs: Batch,
  ): Promise<{ readonly scores: Float32Array; readonly gradient: Batch }> {
    const score = mutualInformationLoss(this.classCount, this.#options.passes);
    const { losses, gradient } = await this.#passes.lossGradient(score, inputs, []);
    return { scores: losses, gradient };
  }

  dispose(): void {
    this.#passes.dispose();
  }
}

/**
 * The mean of a loss over passes whose logits stand side by side, less λ · mutual information (plus,
 * for an attack that lowers its loss).
 */
export function evasionLoss(
  loss: LogitLoss,
  classCount: number,
  { passes, weight, direction }: Pick<EvasionOptions, 'passes' | 'weight' | 'direction'>,
): LogitLoss {
  return {
    name: `${loss.name} over ${passes} passes, ${direction * weight} against mutual information`,
    parameterShapes: () => loss.parameterShapes(classCount),
    perSample: (stacked, parameters) => {
      const [batch] = stacked.shape;
      const logits = tf.reshape<tf.Rank.R3>(stacked, [batch, passes, classCount]);
      const single = loss.perSample(
        tf.reshape(stacked, [batch * passes, classCount]),
        parameters.map(parameter => repeatRows(parameter, passes)),
      );
      const expected = tf.mean(tf.reshape(single, [batch, passes]), 1);
      const penalty = tf.mul(mutualInformation(logits), direction * weight);
      return tf.sub(expected, penalty);
    },
  };
}

/** The mutual information of passes whose logits stand side by side, as a loss without parameters. */
function mutualInformationLoss(classCount: number, passes: number): LogitLoss {
  return {
    name: `mutual information of ${passes} passes`,
    parameterShapes: () => [],
    perSample: stacked => mutualInformation(tf.reshape(stacked, [-1, passes, classCount])),
  };
}

/** Below this a probability has no logarithm in float32; p ln p is 0 there. */
const smallestProbability = 1e-37;

/** Mutual information in nats of passes `[batch, passes, classes]`, differentiable, `[batch]`. */
function mutualInformation(logits: tf.Tensor3D): tf.Tensor1D {
  const logProbabilities = tf.logSoftmax(logits);
  const probabilities = tf.exp(logProbabilities);
  const negativeExpected = tf.mean(tf.sum(tf.mul(probabilities, logProbabilities), 2), 1);
  const mean = tf.mean(probabilities, 1);
  const negativePredictive = tf.sum(tf.mul(mean, tf.log(tf.maximum(mean, smallestProbability))), 1);
  return tf.sub(negativeExpected, negativePredictive);
}
