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
 * A dropout mask: 0 with a probability of `rate` rounded to 2⁻³², else `kept`. Units are drawn by
 * thirty-twos (see {@link Random.fillWithBernoulliBits}); a bit of 1 is a dropped unit.
 */
function fillWithMask(target: Float32Array, rate: number, kept: number, random: Random): void {
  const threshold = Math.min(Math.round(rate * 0x100000000), 0xffffffff);
  const words = new Uint32Array(Math.ceil(target.length / 32));
  random.fillWithBernoulliBits(words, threshold);
  for (let i = 0; i < target.length; i++) {
    const dropped = ((words[i >>> 5] as number) >>> (i & 31)) & 1;
    target[i] = dropped === 1 ? 0 : kept;
  }
}
