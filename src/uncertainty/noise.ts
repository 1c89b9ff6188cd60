import type { Random } from '../random/random.ts';

/**
 * What a stochastic layer draws. The numbers are made here and enter the network as an input, so
 * that they are the same on every engine and at every batch size.
 */
export type NoiseDistribution =
  /** `dropped` with probability `rate`, else `kept`. */
  | {
      readonly kind: 'bernoulli';
      readonly rate: number;
      readonly kept: number;
    }
  /** Normal with this mean and standard deviation. */
  | {
      readonly kind: 'normal';
      readonly mean: number;
      readonly standardDeviation: number;
    }
  /** Normal with mean 0 and standard deviation 1, drawn again when beyond two deviations. */
  | { readonly kind: 'truncated-normal' }
  /** Uniform in [0, 1). */
  | { readonly kind: 'uniform' };

/** One array of random numbers that a network takes for each pass of each sample. */
export interface NoiseSource {
  readonly distribution: NoiseDistribution;
  /** Shape for one pass of one sample. */
  readonly shape: readonly number[];
}

/** Fills an array with draws. A dropped unit is 0. */
export function fillWithNoise(
  target: Float32Array,
  distribution: NoiseDistribution,
  random: Random,
): void {
  switch (distribution.kind) {
    case 'bernoulli':
      fillWithMask(target, distribution.rate, distribution.kept, random);
      break;
    case 'normal':
      for (let i = 0; i < target.length; i++) {
        target[i] = distribution.mean + distribution.standardDeviation * random.normal();
      }
      break;
    case 'truncated-normal':
      for (let i = 0; i < target.length; i++) target[i] = truncatedNormal(random);
      break;
    case 'uniform':
      // As many bits as a float32 holds, so that nothing is rounded up to 1.
      for (let i = 0; i < target.length; i++) target[i] = (random.bits() >>> 8) / 0x1000000;
      break;
  }
}

function truncatedNormal(random: Random): number {
  let value = random.normal();
  while (Math.abs(value) > 2) value = random.normal();
  return value;
}

/**
 * A dropout mask: 0 with a probability of `rate` rounded to 2⁻³², else `kept`. Thirty-two units are
 * drawn together (see {@link bernoulliBits}), which is several times faster than one after another.
 */
function fillWithMask(target: Float32Array, rate: number, kept: number, random: Random): void {
  const threshold = Math.min(Math.round(rate * 0x100000000), 0xffffffff);
  const whole = target.length - (target.length % 32);
  for (let start = 0; start < whole; start += 32) {
    let dropped = bernoulliBits(random, threshold);
    for (let i = start; i < start + 32; i++) {
      target[i] = (1 - (dropped & 1)) * kept;
      dropped >>>= 1;
    }
  }
  if (whole === target.length) return;
  let dropped = bernoulliBits(random, threshold);
  for (let i = whole; i < target.length; i++) {
    target[i] = (1 - (dropped & 1)) * kept;
    dropped >>>= 1;
  }
}

/**
 * Thirty-two independent bits, each 1 with probability threshold / 2³². Every bit compares a uniform
 * number with the threshold digit by digit, all thirty-two at once, and stops at the first digit
 * that differs; about six words of randomness decide all of them.
 *
 * @param threshold whole number in [0, 2³²)
 */
function bernoulliBits(random: Random, threshold: number): number {
  let undecided = -1;
  let below = 0;
  // Without a 1 among the remaining digits no undecided number can be below the threshold.
  for (let digits = threshold | 0; digits !== 0 && undecided !== 0; digits <<= 1) {
    const bits = random.bits();
    if (digits < 0) {
      below |= undecided & ~bits;
      undecided &= bits;
    } else {
      undecided &= ~bits;
    }
  }
  return below;
}
