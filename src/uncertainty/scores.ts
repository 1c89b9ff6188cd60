import { mutualInformation, PassGroups } from './pass-groups.ts';
import type { UncertaintyScores } from './posterior.ts';
import { argMax, entropy, softmaxWithEntropy } from './softmax.ts';
import { UncertaintyError } from './uncertainty-error.ts';

/**
 * Scores of a batch from many stochastic predictions of it, streamed in float64 (Smith and Gal 2018):
 * only sums over passes are kept, never the predictions themselves.
 *
 * With p_t the softmax of pass t, p̄ their mean and H the entropy: predictive entropy H(p̄), expected
 * entropy mean H(p_t), mutual information the difference, softmax variance the mean over classes of
 * the population variance over passes, and variation ratio the share of passes that do not vote for
 * the commonest class. Passes that agree have a variance of exactly 0.
 */
export class PredictionAccumulator {
  readonly count: number;
  readonly classCount: number;
  readonly #votes: Uint32Array;
  readonly #probability: Float64Array;
  readonly #groups: PassGroups;

  /** @param count number of samples in the batch */
  constructor(count: number, classCount: number) {
    this.count = count;
    this.classCount = classCount;
    this.#votes = new Uint32Array(count * classCount);
    this.#probability = new Float64Array(classCount);
    this.#groups = new PassGroups(count, classCount);
  }

  /**
   * Adds one pass over the whole batch.
   *
   * @param logits `[count, classes]`
   * @throws UncertaintyError when a logit is NaN or +∞
   */
  addPass(logits: Float32Array | Float64Array): void {
    for (let sample = 0; sample < this.count; sample++) {
      this.#addOne(sample, logits, sample * this.classCount);
    }
  }

  /**
   * Adds some predictions of one sample.
   *
   * @param logits `[passes, classes]`; −∞ is a class of probability zero
   * @throws UncertaintyError when a logit is NaN or +∞, or all of a pass are −∞
   */
  add(sample: number, logits: ArrayLike<number>): void {
    for (let start = 0; start < logits.length; start += this.classCount) {
      this.#addOne(sample, logits, start);
    }
  }

  #addOne(sample: number, logits: ArrayLike<number>, start: number): void {
    const p = this.#probability;
    const passEntropy = softmaxWithEntropy(p, logits, start);
    if (Number.isNaN(passEntropy)) throw improperLogits(sample, logits, start, p.length);
    this.#groups.add(sample, p, passEntropy);
    const vote = sample * this.classCount + argMax(p);
    this.#votes[vote] = (this.#votes[vote] as number) + 1;
  }

  /**
   * The scores of all samples.
   *
   * @throws UncertaintyError when the samples have not had the same number of passes, at least one
   */
  finish(): UncertaintyScores {
    const passes = this.#commonPasses();
    const scores: UncertaintyScores = {
      predictiveEntropy: new Float64Array(this.count),
      expectedEntropy: new Float64Array(this.count),
      mutualInformation: new Float64Array(this.count),
      softmaxVariance: new Float64Array(this.count),
      variationRatio: new Float64Array(this.count),
      mutualInformationError: new Float64Array(this.count),
      softmaxVarianceError: new Float64Array(this.count),
      prediction: new Int32Array(this.count),
      confidence: new Float64Array(this.count),
      meanProbabilities: new Float64Array(this.count * this.classCount),
      passes,
    };
    for (let sample = 0; sample < this.count; sample++) {
      const start = sample * this.classCount;
      const votes = this.#votes.subarray(start, start + this.classCount);
      const moments = this.#groups.moments(sample);
      const { mean } = moments;
      const prediction = argMax(mean);
      scores.predictiveEntropy[sample] = entropy(mean);
      scores.expectedEntropy[sample] = moments.meanEntropy;
      scores.mutualInformation[sample] = mutualInformation(moments);
      scores.softmaxVariance[sample] = moments.variance;
      scores.variationRatio[sample] = 1 - (votes[argMax(votes)] as number) / passes;
      const errors = this.#groups.errors(sample);
      scores.mutualInformationError[sample] = errors.mutualInformation;
      scores.softmaxVarianceError[sample] = errors.softmaxVariance;
      scores.prediction[sample] = prediction;
      scores.confidence[sample] = mean[prediction] as number;
      scores.meanProbabilities.set(mean, start);
    }
    return scores;
  }

  #commonPasses(): number {
    const passes = this.count === 0 ? 0 : this.#groups.passes(0);
    for (let sample = 0; sample < this.count; sample++) {
      if (passes > 0 && this.#groups.passes(sample) === passes) continue;
      throw new UncertaintyError(
        'uncertainty/unequal-passes',
        'Not every sample has had the same number of passes, so their scores cannot be compared.',
      );
    }
    return passes;
  }
}

function improperLogits(
  sample: number,
  logits: ArrayLike<number>,
  start: number,
  classes: number,
): UncertaintyError {
  for (let k = 0; k < classes; k++) {
    const logit = logits[start + k] as number;
    if (!Number.isNaN(logit) && logit !== Infinity) continue;
    return new UncertaintyError(
      'uncertainty/not-finite',
      `The model answers ${logit} for class ${k}, so its uncertainty is not defined.`,
      {
        place: { sample },
        remedy: 'Check the weights of the model and the range of the input.',
      },
    );
  }
  return new UncertaintyError(
    'uncertainty/not-finite',
    'The model gives every class a probability of zero, so its uncertainty is not defined.',
    { place: { sample } },
  );
}
