import { Batch } from '../arrays/batch.ts';
import { squeezeValue } from './squeeze.ts';

/**
 * Corrections that need no model: what any application could do to its inputs for nothing. They are
 * measured beside every reconstruction, because on simple images they take away most of a
 * perturbation by themselves, and a manifold has to be better than that.
 */

/** Lowest and highest value of an input. */
export interface FilterBounds {
  readonly lower: number;
  readonly upper: number;
}

/** Each value becomes the lower or the upper bound, whichever is nearer. */
export function threshold(inputs: Batch, { lower, upper }: FilterBounds): Batch {
  const middle = (lower + upper) / 2;
  return map(inputs, value => (value > middle ? upper : lower));
}

/** The middle of the range is stretched over the whole, see `squeeze.ts`. */
export function stretch(inputs: Batch, { lower, upper }: FilterBounds): Batch {
  const width = upper - lower;
  return map(inputs, value => lower + width * squeezeValue((value - lower) / width));
}

/** Values are rounded to 2^bits levels (Xu, Evans and Qi 2018). */
export function reduceBitDepth(inputs: Batch, { lower, upper }: FilterBounds, bits: number): Batch {
  const steps = 2 ** bits - 1;
  const width = upper - lower;
  return map(
    inputs,
    value => lower + (width * Math.round(((value - lower) / width) * steps)) / steps,
  );
}

/**
 * Each pixel becomes the median of the `side` × `side` pixels around it, channel by channel; beyond
 * the border the outermost pixels are repeated (Xu, Evans and Qi 2018).
 *
 * @param side odd
 * @throws RangeError for samples that are no images
 */
export function medianFilter(inputs: Batch, side: number): Batch {
  const [height, width, channels = 1, ...rest] = inputs.shape;
  if (height === undefined || width === undefined || rest.length > 0) {
    throw new RangeError('A median filter needs images');
  }
  const reach = (side - 1) / 2;
  const filtered = inputs.clone();
  const window = new Float32Array(side * side);
  const clamp = (at: number, length: number): number => Math.min(length - 1, Math.max(0, at));
  for (let row = 0; row < inputs.count; row++) {
    const from = inputs.row(row);
    const to = filtered.row(row);
    for (let i = 0; i < to.length; i++) {
      const channel = i % channels;
      const x = Math.floor(i / channels) % width;
      const y = Math.floor(i / (channels * width));
      let next = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        const line = clamp(y + dy, height) * width;
        for (let dx = -reach; dx <= reach; dx++) {
          window[next++] = from[(line + clamp(x + dx, width)) * channels + channel] as number;
        }
      }
      to[i] = window.sort()[(window.length - 1) / 2] as number;
    }
  }
  return filtered;
}

function map(inputs: Batch, change: (value: number) => number): Batch {
  return new Batch(inputs.values.map(change), inputs.shape);
}
