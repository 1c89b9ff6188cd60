import { type Batch } from '../arrays/batch.ts';

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
  /** Class of the mean prediction. */
  readonly prediction: Int32Array;
  /** Mean probability of that class. */
  readonly confidence: Float64Array;
  /** Number of passes the scores come from; scores of different numbers are not comparable. */
  readonly passes: number;
}

/** A source of predictive distributions: a Bayesian neural network made from a saved model. */
export interface Posterior {
  readonly applicable: true;
  /** For example `mc-dropout`. */
  readonly method: string;
  /** What was made stochastic, for the report: layer names and rates, for example. */
  readonly description: string;
  /**
   * Draws `passes` predictions of each input and scores them, streaming in float64.
   *
   * @param sampleIndices index of each sample in its data set, the key of its random numbers
   */
  score(
    inputs: Batch,
    options: {
      readonly passes: number;
      readonly seed: number;
      readonly sampleIndices: readonly number[];
      readonly signal?: AbortSignal;
    },
  ): Promise<UncertaintyScores>;
  dispose(): void;
}
