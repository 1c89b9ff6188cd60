import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';

interface InputGradientInputs {
  /** `[batch, outDepth, outHeight, outWidth, outChannels]` */
  readonly dy: tf.Tensor5D;
  /** `[filterDepth, filterHeight, filterWidth, inChannels, outChannels]` */
  readonly filter: tf.Tensor5D;
}

/**
 * Gradient of a three-dimensional convolution with respect to its input, as a sum over the filter's
 * depth of gradients of two-dimensional convolutions.
 */
export const convolution3dInputGradient = composedKernel(
  tf.Conv3DBackpropInputV2,
  ['wasm'],
  ({ dy, filter }: InputGradientInputs, attributes: tf.Conv3DBackpropInputV2Attrs) => {
    const info = volumeInfo(attributes.inputShape, filter.shape, attributes);
    const { batchSize, inDepth, outDepth, strideDepth } = info;
    const slices = stackedSlices(dy);
    const rowSize = info.inHeight * info.inWidth * info.inChannels;

    const contributions = tf.unstack(filter).map((plane, tap) => {
      const gradient = tf.conv2dTranspose(
        slices,
        plane as tf.Tensor4D,
        [batchSize * outDepth, info.inHeight, info.inWidth, info.inChannels],
        [info.strideHeight, info.strideWidth],
        planePadding(info),
      );
      // Output slice o belongs to input slice strideDepth · o + tap − front.
      const spread = tf.pad(tf.reshape(gradient, [batchSize, outDepth, 1, rowSize]), [
        [0, 0],
        [0, 0],
        [0, strideDepth - 1],
        [0, 0],
      ]);
      const volume = tf.reshape<tf.Rank.R3>(spread, [batchSize, outDepth * strideDepth, rowSize]);
      return placeAlongDepth(volume, tap - info.padInfo.front, inDepth);
    });
    return tf.reshape(tf.addN(contributions), info.inShape);
  },
);

interface FilterGradientInputs {
  /** `[batch, inDepth, inHeight, inWidth, inChannels]` */
  readonly x: tf.Tensor5D;
  /** `[batch, outDepth, outHeight, outWidth, outChannels]` */
  readonly dy: tf.Tensor5D;
}

/**
 * Gradient of a three-dimensional convolution with respect to its filter: for each position in depth
 * that of a two-dimensional convolution over the slices that it meets.
 */
export const convolution3dFilterGradient = composedKernel(
  tf.Conv3DBackpropFilterV2,
  ['wasm'],
  ({ x, dy }: FilterGradientInputs, attributes: tf.Conv3DBackpropFilterV2Attrs) => {
    const { filterShape } = attributes;
    const info = volumeInfo(x.shape, filterShape, attributes);
    const { batchSize, outDepth, strideDepth } = info;
    const slices = stackedSlices(dy);
    const rowSize = info.inHeight * info.inWidth * info.inChannels;
    const volume = tf.reshape<tf.Rank.R3>(x, [batchSize, info.inDepth, rowSize]);

    const planes = Array.from({ length: info.filterDepth }, (_, tap) => {
      const met = placeAlongDepth(volume, info.padInfo.front - tap, outDepth * strideDepth);
      const everyStride = tf.slice(
        tf.reshape(met, [batchSize, outDepth, strideDepth, rowSize]),
        [0, 0, 0, 0],
        [-1, -1, 1, -1],
      );
      return tf.engine().runKernel<tf.Tensor>(
        tf.Conv2DBackpropFilter,
        {
          x: tf.reshape(everyStride, [
            batchSize * outDepth,
            info.inHeight,
            info.inWidth,
            info.inChannels,
          ]),
          dy: slices,
        },
        {
          strides: [info.strideHeight, info.strideWidth],
          pad: planePadding(info),
          dataFormat: 'NHWC',
          filterShape: filterShape.slice(1),
        },
      );
    });
    return tf.stack(planes);
  },
);

/** `[batch · depth, height, width, channels]` */
function stackedSlices(volume: tf.Tensor5D): tf.Tensor4D {
  const [batch, depth, height, width, channels] = volume.shape;
  return tf.reshape<tf.Rank.R4>(volume, [batch * depth, height, width, channels]);
}

/** Moves a volume `[batch, depth, row]` by `offset` along depth and cuts or pads it to `depth`. */
function placeAlongDepth(volume: tf.Tensor3D, offset: number, depth: number): tf.Tensor3D {
  const start = Math.max(0, -offset);
  const end = Math.min(volume.shape[1], depth - offset);
  if (end <= start) return tf.zeros([volume.shape[0], depth, volume.shape[2]]);
  const visible = tf.slice(volume, [0, start, 0], [-1, end - start, -1]);
  const before = Math.max(0, offset);
  return tf.pad(visible, [
    [0, 0],
    [before, depth - before - (end - start)],
    [0, 0],
  ]);
}

function planePadding(info: tf.backend_util.Conv3DInfo): tf.backend_util.ExplicitPadding {
  const { top, bottom, left, right } = info.padInfo;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function volumeInfo(
  inputShape: [number, number, number, number, number],
  filterShape: [number, number, number, number, number],
  { strides, pad }: Pick<tf.Conv3DBackpropInputV2Attrs, 'strides' | 'pad'>,
): tf.backend_util.Conv3DInfo {
  return tf.backend_util.computeConv3DInfo(inputShape, filterShape, strides, 1, pad);
}
