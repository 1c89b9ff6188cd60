import { type ClassValues, entropy } from './softmax.ts';

/** Groups that the passes of a sample are dealt to. */
const mostGroups = 10;

/** Standard errors of the scores of one sample that come from drawing a finite number of passes. */
export interface PassErrors {
  readonly mutualInformation: number;
  readonly softmaxVariance: number;
}

/** What the scores of one sample are made of. */
export interface PassMoments {
  readonly passes: number;
  /** Mean probability of each class. */
  readonly mean: Float64Array;
  /** Population variance of the probability over passes, averaged over classes. */
  readonly variance: number;
  readonly meanEntropy: number;
}

/**
 * Sums over the passes of each sample, dealt to a few groups: enough for the moments of all passes,
 * and for how far they would be from what they are with other passes. The latter is the
 * delete-a-group jackknife (Quenouille 1956, Tukey 1958): each score is computed without one group
 * after the other, and √((G−1)/G · Σ (score without g − mean)²) is its standard error.
 *
 * What is added up are distances from the first pass of a sample, so that nothing cancels where
 * passes hardly differ, and passes that agree have a variance of exactly 0.
 */
export class PassGroups {
  readonly #classCount: number;
  readonly #groups: number;
  /** For each sample and group: Σ δ and Σ δ² of each class, and Σ δ of the entropy. */
  readonly #sums: Float64Array;
  /** The first pass of each sample: the probability of each class, and the entropy. */
  readonly #first: Float64Array;
  readonly #passes: Uint32Array;
  readonly #width: number;

  /** @param count number of samples */
  constructor(count: number, classCount: number, groups = mostGroups) {
    this.#classCount = classCount;
    this.#groups = groups;
    this.#width = 2 * classCount + 1;
    this.#sums = new Float64Array(count * groups * this.#width);
    this.#first = new Float64Array(count * (classCount + 1));
    this.#passes = new Uint32Array(count);
  }

  /** Adds the probabilities of one pass and their entropy. */
  add(sample: number, probabilities: ClassValues, passEntropy: number): void {
    const pass = this.#passes[sample] as number;
    this.#passes[sample] = pass + 1;
    const classCount = this.#classCount;
    const first = this.#first;
    const reference = sample * (classCount + 1);
    if (pass === 0) {
      for (let k = 0; k < classCount; k++) first[reference + k] = probabilities[k] as number;
      first[reference + classCount] = passEntropy;
      return;
    }
    const sums = this.#sums;
    const start = (sample * this.#groups + (pass % this.#groups)) * this.#width;
    for (let k = 0, at = start; k < classCount; k++, at += 2) {
      const distance = (probabilities[k] as number) - (first[reference + k] as number);
      sums[at] = (sums[at] as number) + distance;
      sums[at + 1] = (sums[at + 1] as number) + distance * distance;
    }
    const last = start + this.#width - 1;
    const distance = passEntropy - (first[reference + classCount] as number);
    sums[last] = (sums[last] as number) + distance;
  }

  /** Number of passes that a sample has had. */
  passes(sample: number): number {
    return this.#passes[sample] as number;
  }

  /** The moments of all passes of a sample, at least one. */
  moments(sample: number): PassMoments {
    return this.#moments(sample, this.#total(sample), this.passes(sample));
  }

  /** The standard errors of a sample; NaN with fewer than two passes. */
  errors(sample: number): PassErrors {
    const passes = this.passes(sample);
    const total = this.#total(sample);
    const groups = Math.min(this.#groups, passes);
    const left = new Float64Array(this.#width);
    const informations = new Float64Array(groups);
    const variances = new Float64Array(groups);
    for (let group = 0; group < groups; group++) {
      const own = this.#sumsOf(sample, group);
      for (let i = 0; i < left.length; i++) left[i] = (total[i] as number) - (own[i] as number);
      const size = Math.floor((passes - 1 - group) / this.#groups) + 1;
      const moments = this.#moments(sample, left, passes - size);
      informations[group] = mutualInformation(moments);
      variances[group] = moments.variance;
    }
    return {
      mutualInformation: jackknife(informations),
      softmaxVariance: jackknife(variances),
    };
  }

  #total(sample: number): Float64Array {
    const total = new Float64Array(this.#width);
    for (let group = 0; group < this.#groups; group++) {
      const own = this.#sumsOf(sample, group);
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (own[i] as number);
    }
    return total;
  }

  #sumsOf(sample: number, group: number): Float64Array {
    const start = (sample * this.#groups + group) * this.#width;
    return this.#sums.subarray(start, start + this.#width);
  }

  /** @param sums of `passes` passes */
  #moments(sample: number, sums: Float64Array, passes: number): PassMoments {
    const classCount = this.#classCount;
    const reference = sample * (classCount + 1);
    const mean = new Float64Array(classCount);
    let variance = 0;
    for (let k = 0; k < classCount; k++) {
      const distance = (sums[2 * k] as number) / passes;
      // Rounding can leave −1e-18, which is no probability and no variance.
      mean[k] = Math.max(0, (this.#first[reference + k] as number) + distance);
      variance += Math.max(0, (sums[2 * k + 1] as number) / passes - distance * distance);
    }
    const first = this.#first[reference + classCount] as number;
    const meanEntropy = Math.max(0, first + (sums[2 * classCount] as number) / passes);
    return { passes, mean, variance: variance / classCount, meanEntropy };
  }
}

/**
 * H(mean) − mean H, in nats. Not negative by Jensen's inequality; rounding alone can make it so. It is
 * exactly 0 where the passes agree, although both entropies are rounded.
 */
export function mutualInformation({ mean, variance, meanEntropy }: PassMoments): number {
  return variance === 0 ? 0 : Math.max(0, entropy(mean) - meanEntropy);
}

function jackknife(estimates: Float64Array): number {
  const groups = estimates.length;
  if (groups < 2) return NaN;
  const mean = estimates.reduce((sum, estimate) => sum + estimate, 0) / groups;
  const squares = estimates.reduce((sum, estimate) => sum + (estimate - mean) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}
