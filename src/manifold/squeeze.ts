import * as tf from '@tensorflow/tfjs-core';

/** Values at and below the first become 0, at and above the second 1, in network units. */
export const squeezeRange = { lower: 0.3, upper: 0.7 } as const;

/**
 * Stretches the middle of [0, 1] over the whole and clips the rest: clip((x − 0.3) / 0.4, 0, 1). Black
 * and white stay what they are, and perturbations up to 0.3 of them disappear; grey is lost.
 */
export function squeeze(images: tf.Tensor): tf.Tensor {
  const { lower, upper } = squeezeRange;
  return tf.clipByValue(tf.div(tf.sub(images, lower), upper - lower), 0, 1);
}

/** {@link squeeze} of one number. */
export function squeezeValue(value: number): number {
  const { lower, upper } = squeezeRange;
  return Math.min(1, Math.max(0, (value - lower) / (upper - lower)));
}
