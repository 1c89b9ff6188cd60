import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';

interface Inputs {
  /** `[batch, outHeight, outWidth, outChannels]` */
  readonly dy: tf.Tensor4D;
  /** `[filterHeight, filterWidth, inChannels, outChannels]` */
  readonly filter: tf.Tensor4D;
}

/**
 * Gradient of a convolution with respect to its input, and the forward pass of a transposed
 * convolution: `[batch, inHeight, inWidth, inChannels]`.
 *
 * Along one axis, y[o] = Σₖ x[s·o + k − p] · w[k], so dx[i] = Σ dy[o] · w[k] over all s·o + k = i + p.
 * With i + p = s·q + r and k = s·m + r this is dx[q, r] = Σₘ dy[q − m] · w[s·m + r]: for each of the s
 * phases r a convolution of stride one over the taps m of that phase. All phases together are one
 * convolution with s² times the channels, whose result is dealt out by depth-to-space. No zero is
 * multiplied but where the filter is no multiple of the stride.
 */
export const convolutionInputGradient = composedKernel(
  tf.Conv2DBackpropInput,
  ['wasm'],
  ({ dy, filter }: Inputs, attributes: tf.Conv2DBackpropInputAttrs) => {
    const info = tf.backend_util.computeConv2DInfo(
      attributes.inputShape,
      filter.shape,
      attributes.strides,
      1,
      attributes.pad,
      attributes.dimRoundingMode,
      false,
      tf.backend_util.convertConv2DDataFormat(attributes.dataFormat),
    );
    if (info.dataFormat === 'channelsFirst') throw new Error('Convolutions compute in NHWC.');

    const rows = phaseRange(
      info.inHeight,
      info.outHeight,
      info.filterHeight,
      info.strideHeight,
      info.padInfo.top,
    );
    const columns = phaseRange(
      info.inWidth,
      info.outWidth,
      info.filterWidth,
      info.strideWidth,
      info.padInfo.left,
    );
    const cropped = cut(
      dy,
      [rows.crop[0], columns.crop[0]],
      [info.outHeight - sum(rows.crop), info.outWidth - sum(columns.crop)],
    );
    const phases = tf.conv2d(cropped, phaseFilter(filter, info), 1, [
      [0, 0],
      rows.pad,
      columns.pad,
      [0, 0],
    ]);
    const dealt = dealPhases(phases, info.strideHeight, info.strideWidth);
    return cut(dealt, [rows.offset, columns.offset], [info.inHeight, info.inWidth]);
  },
);

/** The part of images that begins at a row and column and has a height and width. */
function cut(
  images: tf.Tensor4D,
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
): tf.Tensor4D {
  if (images.shape[1] === height && images.shape[2] === width) return images;
  return tf.slice(images, [0, row, column, 0], [-1, height, width, -1]);
}

function sum([before, after]: readonly [number, number]): number {
  return before + after;
}

interface PhaseRange {
  /** Zeros to put before and after dy. */
  readonly pad: [number, number];
  /** Rows of dy to leave out before and after, since no input lies there. */
  readonly crop: [number, number];
  /** Where the first input row is in the dealt out result. */
  readonly offset: number;
}

/** Which quotients q = ⌊(i + p) / s⌋ occur along one axis, as padding of a convolution over dy. */
function phaseRange(
  inSize: number,
  outSize: number,
  filterSize: number,
  stride: number,
  padding: number,
): PhaseRange {
  const taps = Math.ceil(filterSize / stride);
  const first = Math.floor(padding / stride);
  const last = Math.floor((inSize - 1 + padding) / stride);
  const before = taps - 1 - first;
  const after = last - (outSize - 1);
  return {
    pad: [Math.max(0, before), Math.max(0, after)],
    crop: [Math.max(0, -before), Math.max(0, -after)],
    offset: padding - first * stride,
  };
}

/**
 * The filter for all phases: `[tapsHeight, tapsWidth, outChannels, strideHeight · strideWidth ·
 * inChannels]`, turned around because dy runs against the taps.
 */
function phaseFilter(filter: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { strideHeight, strideWidth, filterHeight, filterWidth, inChannels, outChannels } = info;
  const tapsHeight = Math.ceil(filterHeight / strideHeight);
  const tapsWidth = Math.ceil(filterWidth / strideWidth);
  if (strideHeight === 1 && strideWidth === 1) {
    return tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  }
  const padded = tf.pad(filter, [
    [0, tapsHeight * strideHeight - filterHeight],
    [0, tapsWidth * strideWidth - filterWidth],
    [0, 0],
    [0, 0],
  ]);
  const split = tf.reshape(padded, [
    tapsHeight,
    strideHeight,
    tapsWidth,
    strideWidth,
    inChannels,
    outChannels,
  ]);
  const turned = tf.reverse(tf.transpose(split, [0, 2, 5, 1, 3, 4]), [0, 1]);
  return tf.reshape(turned, [
    tapsHeight,
    tapsWidth,
    outChannels,
    strideHeight * strideWidth * inChannels,
  ]);
}

/** `[batch, height, width, strideHeight · strideWidth · channels]` to the full resolution. */
function dealPhases(phases: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return phases;
  if (strideHeight === strideWidth) return tf.depthToSpace(phases, strideHeight);
  const [batch, height, width, depth] = phases.shape;
  const channels = depth / (strideHeight * strideWidth);
  const split = tf.reshape(phases, [batch, height, width, strideHeight, strideWidth, channels]);
  return tf.reshape(tf.transpose(split, [0, 1, 3, 2, 4, 5]), [
    batch,
    height * strideHeight,
    width * strideWidth,
    channels,
  ]);
}
