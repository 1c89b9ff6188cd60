import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { readValues } from './values.ts';

interface InputGradientInputs {
  /** `[batch, outHeight, outWidth, channels · multiplier]` */
  readonly dy: tf.Tensor4D;
  /** `[filterHeight, filterWidth, channels, multiplier]` */
  readonly filter: tf.Tensor4D;
}

/**
 * Gradient of a depthwise convolution with respect to its input: the depthwise convolution of dy,
 * with zeros between its values for strides, by the filter turned around. Where a channel feeds
 * several outputs (the multiplier), their gradients are added up. The wasm backend has no such kernel;
 * that of the cpu backend overlooks dilations.
 */
export const depthwiseInputGradient = composedKernel(
  tf.DepthwiseConv2dNativeBackpropInput,
  ['wasm', 'cpu'],
  ({ dy, filter }: InputGradientInputs, attributes: tf.DepthwiseConv2dNativeBackpropInputAttrs) => {
    const info = depthwiseInfo(attributes.inputShape, filter.shape, attributes);
    const { inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = info;
    const reachHeight = (info.filterHeight - 1) * info.dilationHeight;
    const reachWidth = (info.filterWidth - 1) * info.dilationWidth;
    const multiplier = filter.shape[3];

    const spread = spreadByStrides(dy, info.strideHeight, info.strideWidth);
    const turned = tf.reshape<tf.Rank.R4>(tf.reverse(filter, [0, 1]), [
      info.filterHeight,
      info.filterWidth,
      inChannels * multiplier,
      1,
    ]);
    // Padded by the full reach on both sides, position 0 of the result is input row −top.
    const spreadHeight = (outHeight - 1) * info.strideHeight + 1;
    const spreadWidth = (outWidth - 1) * info.strideWidth + 1;
    const missingRows = Math.max(0, inHeight + padInfo.top - (spreadHeight + reachHeight));
    const missingColumns = Math.max(0, inWidth + padInfo.left - (spreadWidth + reachWidth));
    const padded = tf.pad(spread, [
      [0, 0],
      [reachHeight, reachHeight + missingRows],
      [reachWidth, reachWidth + missingColumns],
      [0, 0],
    ]);
    const full = tf.depthwiseConv2d(padded, turned, 1, 'valid', 'NHWC', [
      info.dilationHeight,
      info.dilationWidth,
    ]);
    const inside = tf.slice(full, [0, padInfo.top, padInfo.left, 0], [-1, inHeight, inWidth, -1]);
    if (multiplier === 1) return inside;
    return tf.sum(
      tf.reshape(inside, [info.batchSize, inHeight, inWidth, inChannels, multiplier]),
      4,
    );
  },
);

/** Puts `stride − 1` zeros between neighbouring rows and columns. */
function spreadByStrides(dy: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const [batch, height, width, channels] = dy.shape;
  const columns = tf.pad(tf.reshape(dy, [batch * height, width, 1, channels]), [
    [0, 0],
    [0, 0],
    [0, strideWidth - 1],
    [0, 0],
  ]);
  const rowSize = width * strideWidth * channels;
  const rows = tf.pad(tf.reshape(columns, [batch, height, 1, rowSize]), [
    [0, 0],
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
  ]);
  const spread = tf.reshape<tf.Rank.R4>(rows, [
    batch,
    height * strideHeight,
    width * strideWidth,
    channels,
  ]);
  return tf.slice(
    spread,
    [0, 0, 0, 0],
    [-1, (height - 1) * strideHeight + 1, (width - 1) * strideWidth + 1, -1],
  );
}

interface FilterGradientInputs {
  /** `[batch, inHeight, inWidth, channels]` */
  readonly x: tf.Tensor4D;
  /** `[batch, outHeight, outWidth, channels · multiplier]` */
  readonly dy: tf.Tensor4D;
}

/** Gradient of a depthwise convolution with respect to its filter. */
export const depthwiseFilterGradient = composedKernel(
  tf.DepthwiseConv2dNativeBackpropFilter,
  ['wasm', 'cpu'],
  ({ x, dy }: FilterGradientInputs, attributes: tf.DepthwiseConv2dNativeBackpropFilterAttrs) => {
    const { filterShape } = attributes;
    const info = depthwiseInfo(x.shape, filterShape, attributes);
    return tf.tensor(correlate(readValues(x), readValues(dy), filterShape[3], info), filterShape);
  },
);

/** dw[k, c, m] = Σ x[n, s·o + d·k − p, c] · dy[n, o, c·multiplier + m], summed in double precision. */
function correlate(
  x: Float32Array,
  dy: Float32Array,
  multiplier: number,
  info: tf.backend_util.Conv2DInfo,
): Float32Array {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = info;
  const tapSize = inChannels * multiplier;
  const sums = new Float64Array(filterHeight * filterWidth * tapSize);
  for (let image = 0; image < info.batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let tapRow = 0; tapRow < filterHeight; tapRow++) {
        const row = outRow * info.strideHeight + tapRow * info.dilationHeight - info.padInfo.top;
        if (row < 0 || row >= inHeight) continue;
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const dyStart = ((image * outHeight + outRow) * outWidth + outColumn) * tapSize;
          for (let tapColumn = 0; tapColumn < filterWidth; tapColumn++) {
            const column =
              outColumn * info.strideWidth + tapColumn * info.dilationWidth - info.padInfo.left;
            if (column < 0 || column >= inWidth) continue;
            const xStart = ((image * inHeight + row) * inWidth + column) * inChannels;
            const sumStart = (tapRow * filterWidth + tapColumn) * tapSize;
            for (let tap = 0; tap < tapSize; tap++) {
              const input = x[xStart + Math.floor(tap / multiplier)] as number;
              const product = input * (dy[dyStart + tap] as number);
              sums[sumStart + tap] = (sums[sumStart + tap] as number) + product;
            }
          }
        }
      }
    }
  }
  return Float32Array.from(sums);
}

function depthwiseInfo(
  inputShape: [number, number, number, number],
  filterShape: [number, number, number, number],
  attributes: Pick<
    tf.DepthwiseConv2dNativeBackpropInputAttrs,
    'strides' | 'dilations' | 'pad' | 'dimRoundingMode'
  >,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    attributes.strides,
    attributes.dilations,
    attributes.pad,
    attributes.dimRoundingMode,
    true,
  );
}
