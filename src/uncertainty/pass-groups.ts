import { type ClassValues, entropy } from './softmax.ts';

/** Groups that the passes of a sample are dealt to. */
const mostGroups = 10;

/** Standard errors of the scores of one sample that come from drawing a finite number of passes. */
export interface PassErrors {
  readonly mutualInformation: number;
  readonly softmaxVariance: number;
}

/**
 * How far scores would be from what they are with other passes, by the delete-a-group jackknife
 * (Quenouille 1956, Tukey 1958): each score is computed without one group of passes after the other,
 * and √((G−1)/G · Σ (score without g − mean)²) is its standard error. Only sums over groups are kept.
 */
export class PassGroups {
  readonly #classCount: number;
  readonly #groups: number;
  /** For each sample and group: Σ p and Σ p² of each class, and Σ H. */
  readonly #sums: Float64Array;
  /** Passes of each sample and group. */
  readonly #passes: Uint32Array;
  readonly #width: number;

  /** @param count number of samples */
  constructor(count: number, classCount: number, groups = mostGroups) {
    this.#classCount = classCount;
    this.#groups = groups;
    this.#width = 2 * classCount + 1;
    this.#sums = new Float64Array(count * groups * this.#width);
    this.#passes = new Uint32Array(count * groups);
  }

  /** Adds the probabilities of one pass and their entropy; `pass` counts from 0. */
  add(sample: number, pass: number, probabilities: ClassValues, passEntropy: number): void {
    const group = sample * this.#groups + (pass % this.#groups);
    const start = group * this.#width;
    const sums = this.#sums;
    this.#passes[group] = (this.#passes[group] as number) + 1;
    for (let k = 0; k < this.#classCount; k++) {
      const p = probabilities[k] as number;
      const at = start + 2 * k;
      sums[at] = (sums[at] as number) + p;
      sums[at + 1] = (sums[at + 1] as number) + p * p;
    }
    const last = start + this.#width - 1;
    sums[last] = (sums[last] as number) + passEntropy;
  }

  /** The standard errors of a sample; NaN with fewer than two passes. */
  errors(sample: number): PassErrors {
    const groups = Array.from({ length: this.#groups }, (_, g) => sample * this.#groups + g).filter(
      group => (this.#passes[group] as number) > 0,
    );
    const total = new Float64Array(this.#width);
    let passes = 0;
    for (const group of groups) {
      passes += this.#passes[group] as number;
      this.#sumsOf(group).forEach((value, i) => (total[i] = (total[i] as number) + value));
    }
    const without = groups.map(group => {
      const own = this.#sumsOf(group);
      const left = passes - (this.#passes[group] as number);
      return this.#scores(
        total.map((value, i) => value - (own[i] as number)),
        left,
      );
    });
    return {
      mutualInformation: jackknife(without.map(scores => scores.mutualInformation)),
      softmaxVariance: jackknife(without.map(scores => scores.softmaxVariance)),
    };
  }

  #sumsOf(group: number): Float64Array {
    return this.#sums.subarray(group * this.#width, (group + 1) * this.#width);
  }

  #scores(sums: Float64Array, passes: number): PassErrors {
    const mean = new Float64Array(this.#classCount);
    let variance = 0;
    for (let k = 0; k < mean.length; k++) {
      const p = (sums[2 * k] as number) / passes;
      // Differences of sums can leave −1e-18, which has no logarithm.
      mean[k] = Math.max(0, p);
      variance += (sums[2 * k + 1] as number) / passes - p * p;
    }
    return {
      mutualInformation: entropy(mean) - (sums.at(-1) as number) / passes,
      softmaxVariance: variance / mean.length,
    };
  }
}

function jackknife(estimates: readonly number[]): number {
  const groups = estimates.length;
  if (groups < 2) return NaN;
  const mean = estimates.reduce((sum, estimate) => sum + estimate, 0) / groups;
  const squares = estimates.reduce((sum, estimate) => sum + (estimate - mean) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}
