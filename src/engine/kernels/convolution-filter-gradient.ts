import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';

interface Inputs {
  /** `[batch, inHeight, inWidth, inChannels]` */
  readonly x: tf.Tensor4D;
  /** `[batch, outHeight, outWidth, outChannels]` */
  readonly dy: tf.Tensor4D;
}

/**
 * Gradient of a convolution with respect to its filter: `[filterHeight, filterWidth, inChannels,
 * outChannels]`.
 *
 * dw[k, c, d] = Σ x[n, s·o + k − p, c] · dy[n, o, d] over n and o is itself a convolution: of x with
 * batch and channels exchanged, by dy as a filter that is dilated by the stride.
 */
export const convolutionFilterGradient = composedKernel(
  tf.Conv2DBackpropFilter,
  ['wasm'],
  ({ x, dy }: Inputs, attributes: tf.Conv2DBackpropFilterAttrs) => {
    const info = tf.backend_util.computeConv2DInfo(
      x.shape,
      attributes.filterShape,
      attributes.strides,
      1,
      attributes.pad,
      attributes.dimRoundingMode,
      false,
      tf.backend_util.convertConv2DDataFormat(attributes.dataFormat),
    );
    if (info.dataFormat === 'channelsFirst') throw new Error('Convolutions compute in NHWC.');

    const reachHeight = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
    const reachWidth = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
    const { top, left } = info.padInfo;
    // Input rows behind the last one that a filter reaches take no part; rows it reaches but that do
    // not exist are zeros.
    const rows = Math.min(info.inHeight, reachHeight - top);
    const columns = Math.min(info.inWidth, reachWidth - left);
    const isWhole = rows === info.inHeight && columns === info.inWidth;
    const reached = isWhole ? x : tf.slice(x, [0, 0, 0, 0], [-1, rows, columns, -1]);
    const gradient = tf.conv2d(
      tf.transpose(reached, [3, 1, 2, 0]),
      tf.transpose(dy, [1, 2, 0, 3]),
      1,
      [
        [0, 0],
        [top, reachHeight - top - rows],
        [left, reachWidth - left - columns],
        [0, 0],
      ],
      'NHWC',
      [info.strideHeight, info.strideWidth],
    );
    return tf.transpose(gradient, [1, 2, 0, 3]);
  },
);
