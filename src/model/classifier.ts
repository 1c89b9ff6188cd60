import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type { SampleShape } from '../engine/engine.ts';

/** Lowest and highest value of every number of an input, in input units. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * A differentiable loss of the logits, one value a sample, written in TensorFlow.js on the logits
 * themselves: probabilities saturate and would make a gradient vanish that is not small.
 */
export interface LogitLoss {
  /** Unique name; two losses of the same name must be the same function. */
  readonly name: string;
  /** Sample shapes of the parameters, for example `[classCount]` for one-hot labels, `[]` for a weight. */
  parameterShapes(classCount: number): readonly SampleShape[];
  /**
   * @param logits `[batch, classes]`
   * @param parameters each with the batch axis in front
   * @returns `[batch]`
   */
  perSample(logits: Tensor2D, parameters: readonly Tensor[]): Tensor1D;
}

/** What one backward pass yields. */
export interface LossGradient {
  /** `[batch, classes]`, from the same forward pass. */
  readonly logits: Batch;
  /** Loss of each sample. */
  readonly losses: Float32Array;
  /** Gradient of each sample's loss by its own input, in input units; shape as the inputs. */
  readonly gradient: Batch;
}

/**
 * A loaded model seen as logits over classes. Inputs are in the user's units (`bounds`), the model's
 * preprocessing is inside, so epsilons and distances are always in input units.
 */
export interface Classifier {
  /** Shape of one input, `[height, width, channels]` or `[features]`. */
  readonly inputShape: readonly number[];
  readonly classCount: number;
  readonly bounds: Bounds;
  /** @returns `[batch, classes]` */
  logits(inputs: Batch): Promise<Batch>;
  /**
   * Gradient of the SUM of the per-sample losses, so that a sample's gradient does not depend on
   * the batch it is in.
   *
   * @param parameters one array for each of the loss's parameters, row-major, batch axis first
   */
  lossGradient(
    loss: LogitLoss,
    inputs: Batch,
    parameters: readonly Float32Array[],
  ): Promise<LossGradient>;
  /** Frees what the engine keeps for this classifier. */
  dispose(): void;
}
