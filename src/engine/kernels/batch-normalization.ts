import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';
import { allocate, readElements } from './values.ts';

type Channels = Record<'mean' | 'variance' | 'scale' | 'offset', tf.TensorInfo | null | undefined>;

/**
 * Batch normalisation by fixed statistics of each channel, the last axis: (x − mean) · scale /
 * √(variance + ε) + offset. The wasm backend takes three times as long.
 */
export const batchNormalization: Kernel = {
  name: tf.FusedBatchNorm,
  backends: ['wasm'],
  create: stock => parameters => {
    const { x, ...channels } = parameters.inputs as { x: tf.TensorInfo } & Channels;
    const isPerChannel = Object.values(channels).every(tensor => (tensor?.shape.length ?? 1) === 1);
    if (stock !== undefined && !isPerChannel) return stock(parameters);
    const { varianceEpsilon } = parameters.attrs as unknown as tf.FusedBatchNormAttrs;
    const result = allocate(x.shape, 'float32');
    const [factors, offsets] = linearForm(channels, varianceEpsilon);
    const [values, target] = [readElements(x), readElements(result)];
    for (let start = 0; start < target.length; start += factors.length) {
      for (let channel = 0; channel < factors.length; channel++) {
        const value = values[start + channel] as number;
        target[start + channel] =
          value * (factors[channel] as number) + (offsets[channel] as number);
      }
    }
    return result;
  },
};

/** The factors and offsets of the channels, in double precision. */
function linearForm(
  { mean, variance, scale, offset }: Channels,
  varianceEpsilon: number,
): readonly [Float64Array, Float64Array] {
  const means = valuesOf(mean);
  const variances = valuesOf(variance);
  const [scales, shifts] = [valuesOf(scale), valuesOf(offset)];
  const factors = Float64Array.from(
    variances,
    (value, channel) => (scales[channel] ?? 1) / Math.sqrt(value + varianceEpsilon),
  );
  const offsets = factors.map(
    (factor, channel) => (shifts[channel] ?? 0) - (means[channel] ?? 0) * factor,
  );
  return [factors, offsets];
}

function valuesOf(tensor: tf.TensorInfo | null | undefined): ArrayLike<number> {
  return tensor === null || tensor === undefined ? [] : readElements(tensor);
}
