import { Batch } from '../arrays/batch.ts';
import { bisect } from '../bracketing/bisection.ts';
import type { Bounds } from '../model/classifier.ts';
import { Random } from '../random/random.ts';
import type { Norm } from './attack.ts';
import { displaceWithin } from './box.ts';
import { distanceBetween } from './norms.ts';

export interface MatchedNoiseOptions {
  /** Norm in which the noise is as large as the perturbations. */
  readonly norm: Norm;
  readonly bounds: Bounds;
  readonly seed: number;
  /** Index of each sample in its data set, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
}

/** Halvings of the interval in which the scale of the noise is looked for: float32 has 24 bits. */
const halvings = 40;
/** A scale that takes every number to a bound, in widths of the bounds. */
const largestScale = 1e4;

/**
 * Random noise as large as given perturbations, sample by sample: the control of every attack. A
 * score that rises as much under this noise has found a change, not an adversary. The noise is
 * random signs for L∞ and Gaussian otherwise, scaled until it has the length of the perturbation
 * after it was clipped to the bounds; where no scale reaches that length it is the longest there is.
 *
 * @param clean `[batch, …shape]`, inside the bounds
 * @param adversaries the same samples, perturbed
 */
export function matchedNoise(
  clean: Batch,
  adversaries: Batch,
  options: MatchedNoiseOptions,
): Batch {
  const { norm, bounds, seed, sampleIndices } = options;
  const result = Batch.zeros(clean.count, clean.shape);
  const direction = new Float64Array(clean.sampleSize);
  for (let row = 0; row < clean.count; row++) {
    const random = new Random(seed, ['matched-noise', norm, sampleIndices[row] as number]);
    for (let i = 0; i < direction.length; i++) {
      direction[i] = norm === 'Linf' ? random.sign() : random.normal();
    }
    const sample = clean.row(row);
    const noisy = result.row(row);
    const length = distanceBetween(sample, adversaries.row(row), norm);
    const lengthAt = (scale: number): number => {
      displaceWithin(bounds, sample, direction, scale, noisy);
      return distanceBetween(sample, noisy, norm);
    };
    lengthAt(scaleOfLength(lengthAt, length, largestScale * (bounds.upper - bounds.lower)));
  }
  return result;
}

/** The largest scale whose length is at most the one wanted: the length grows with the scale. */
function scaleOfLength(
  lengthAt: (scale: number) => number,
  wanted: number,
  largest: number,
): number {
  if (wanted === 0) return 0;
  let [below, above] = [0, wanted];
  while (above < largest && lengthAt(above) <= wanted) [below, above] = [above, 2 * above];
  return bisect(scale => lengthAt(scale) <= wanted, below, above, halvings);
}
