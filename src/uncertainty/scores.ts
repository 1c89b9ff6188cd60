import { PassGroups } from './pass-groups.ts';
import type { UncertaintyScores } from './posterior.ts';
import { argMax, type ClassValues, entropy, softmaxInto } from './softmax.ts';
import { UncertaintyError } from './uncertainty-error.ts';

/**
 * Scores of a batch from many stochastic predictions of it, streamed in float64 (Smith and Gal 2018):
 * only running means and variances are kept, never the predictions themselves.
 *
 * With p_t the softmax of pass t, p̄ their mean and H the entropy: predictive entropy H(p̄), expected
 * entropy mean H(p_t), mutual information the difference, softmax variance the mean over classes of
 * the population variance over passes, and variation ratio the share of passes that do not vote for
 * the commonest class. Welford's recurrence keeps equal passes at a variance of exactly 0.
 */
export class PredictionAccumulator {
  readonly count: number;
  readonly classCount: number;
  readonly #passes: Uint32Array;
  readonly #meanProbability: Float64Array;
  readonly #squaredDeviation: Float64Array;
  readonly #meanEntropy: Float64Array;
  readonly #votes: Uint32Array;
  readonly #probability: Float64Array;
  readonly #groups: PassGroups;

  /** @param count number of samples in the batch */
  constructor(count: number, classCount: number) {
    this.count = count;
    this.classCount = classCount;
    this.#passes = new Uint32Array(count);
    this.#meanProbability = new Float64Array(count * classCount);
    this.#squaredDeviation = new Float64Array(count * classCount);
    this.#meanEntropy = new Float64Array(count);
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
      this.add(sample, logits.subarray(sample * this.classCount, (sample + 1) * this.classCount));
    }
  }

  /**
   * Adds one prediction of one sample.
   *
   * @param logits `[classes]`; −∞ is a class of probability zero
   * @throws UncertaintyError when a logit is NaN or +∞, or all are −∞
   */
  add(sample: number, logits: ClassValues): void {
    requireProperLogits(sample, logits);
    const p = softmaxInto(this.#probability, logits);
    const passes = (this.#passes[sample] as number) + 1;
    this.#passes[sample] = passes;

    const offset = sample * this.classCount;
    for (let k = 0; k < this.classCount; k++) {
      const probability = p[k] as number;
      const before = this.#meanProbability[offset + k] as number;
      const after = before + (probability - before) / passes;
      this.#meanProbability[offset + k] = after;
      this.#squaredDeviation[offset + k] =
        (this.#squaredDeviation[offset + k] as number) +
        (probability - before) * (probability - after);
    }

    const meanEntropy = this.#meanEntropy[sample] as number;
    const passEntropy = entropy(p);
    this.#meanEntropy[sample] = meanEntropy + (passEntropy - meanEntropy) / passes;
    this.#groups.add(sample, passes - 1, p, passEntropy);

    const vote = offset + argMax(p);
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
      expectedEntropy: this.#meanEntropy.slice(),
      mutualInformation: new Float64Array(this.count),
      softmaxVariance: new Float64Array(this.count),
      variationRatio: new Float64Array(this.count),
      mutualInformationError: new Float64Array(this.count),
      softmaxVarianceError: new Float64Array(this.count),
      prediction: new Int32Array(this.count),
      confidence: new Float64Array(this.count),
      passes,
    };
    for (let sample = 0; sample < this.count; sample++) {
      const start = sample * this.classCount;
      const end = start + this.classCount;
      const mean = this.#meanProbability.subarray(start, end);
      const votes = this.#votes.subarray(start, end);
      const prediction = argMax(mean);
      const predictiveEntropy = entropy(mean);
      const expectedEntropy = scores.expectedEntropy[sample] as number;
      scores.predictiveEntropy[sample] = predictiveEntropy;
      // Not negative by Jensen's inequality; rounding alone can make it so.
      scores.mutualInformation[sample] = Math.max(0, predictiveEntropy - expectedEntropy);
      const deviation = this.#squaredDeviation.subarray(start, end);
      scores.softmaxVariance[sample] =
        deviation.reduce((sum, value) => sum + value, 0) / passes / this.classCount;
      scores.variationRatio[sample] = 1 - (votes[argMax(votes)] as number) / passes;
      const errors = this.#groups.errors(sample);
      scores.mutualInformationError[sample] = errors.mutualInformation;
      scores.softmaxVarianceError[sample] = errors.softmaxVariance;
      scores.prediction[sample] = prediction;
      scores.confidence[sample] = mean[prediction] as number;
    }
    return scores;
  }

  #commonPasses(): number {
    const passes = this.#passes[0] ?? 0;
    if (this.count > 0 && (passes === 0 || this.#passes.some(other => other !== passes))) {
      throw new UncertaintyError(
        'uncertainty/unequal-passes',
        'Not every sample has had the same number of passes, so their scores cannot be compared.',
      );
    }
    return passes;
  }
}

function requireProperLogits(sample: number, logits: ClassValues): void {
  let anyFinite = false;
  for (let k = 0; k < logits.length; k++) {
    const logit = logits[k] as number;
    if (Number.isNaN(logit) || logit === Infinity) {
      throw new UncertaintyError(
        'uncertainty/not-finite',
        `The model answers ${logit} for class ${k}, so its uncertainty is not defined.`,
        {
          place: { sample },
          remedy: 'Check the weights of the model and the range of the input.',
        },
      );
    }
    anyFinite ||= logit !== -Infinity;
  }
  if (!anyFinite) {
    throw new UncertaintyError(
      'uncertainty/not-finite',
      'The model gives every class a probability of zero, so its uncertainty is not defined.',
      { place: { sample } },
    );
  }
}
