import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';

/** Why a posterior cannot be had from a model, and what could be done instead. */
export interface NotApplicable {
  readonly applicable: false;
  readonly reason: string;
  readonly remedy: string;
}

/** Scores of one batch, each `[batch]`; entropies in nats. */
export interface UncertaintyScores {
  /** Entropy of the mean prediction, in [0, ln classes]. */
  readonly predictiveEntropy: Float64Array;
  /** Mean entropy of the single predictions, in [0, ln classes]. */
  readonly expectedEntropy: Float64Array;
  /** predictiveEntropy − expectedEntropy, in [0, ln classes]. */
  readonly mutualInformation: Float64Array;
  /** Variance of the softmax over passes (population), averaged over classes. */
  readonly softmaxVariance: Float64Array;
  /** Share of passes that do not vote for the commonest class, in [0, 1 − 1/classes]. */
  readonly variationRatio: Float64Array;
  /** Standard error of {@link mutualInformation} from the finite number of passes; NaN for one pass. */
  readonly mutualInformationError: Float64Array;
  /** Standard error of {@link softmaxVariance}; NaN for one pass. */
  readonly softmaxVarianceError: Float64Array;
  /** Class of the mean prediction. */
  readonly prediction: Int32Array;
  /** Mean probability of that class. */
  readonly confidence: Float64Array;
  /** The mean prediction itself: the mean probability of each class, `[batch, classes]`. */
  readonly meanProbabilities: Float64Array;
  /** Number of passes the scores come from; scores of different numbers are not comparable. */
  readonly passes: number;
}

/** Which predictions to draw. */
export interface DrawOptions {
  readonly passes: number;
  readonly seed: number;
  /** Index of each sample in its data set, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
  readonly signal?: AbortSignal;
}

/** Takes the logits of some passes of one sample, `[passes, classes]`. The array is used again. */
export type DrawReceiver = (sample: number, logits: Float32Array | Float64Array) => void;

/** How a posterior was made. */
export type PosteriorMethod = 'mc-dropout' | 'last-layer-laplace' | 'ensemble' | 'stochastic-model';

/** A source of predictive distributions: a Bayesian neural network made from a saved model. */
export interface Posterior {
  readonly applicable: true;
  readonly method: PosteriorMethod;
  /** What was made stochastic, for the report: layer names and rates, for example. */
  readonly description: string;
  readonly classCount: number;
  /** The number of passes that there are, where it cannot be chosen: the members of an ensemble. */
  readonly ownPasses?: number;
  /**
   * Passes that are the same for every input, as a differentiable function of the input: logits side
   * by side, `[batch, passes · classes]`. What an adversary attacks who knows of the posterior.
   *
   * @param passes {@link ownPasses}, where there are such
   */
  fixedPasses(passes: number, seed: number): (inputs: Tensor) => Tensor2D;
  /** Draws predictions; every sample gets all its passes, in their order. */
  draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void>;
  /** Draws `passes` predictions of each input and scores them, streaming in float64. */
  score(inputs: Batch, options: DrawOptions): Promise<UncertaintyScores>;
  /** Logits of the mean prediction without drawing, `[batch, classes]`, where they can be had. */
  probitLogits?(inputs: Batch): Promise<Batch>;
  dispose(): void;
}
