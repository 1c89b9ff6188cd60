import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { createTensor, readValues } from './values.ts';
import { forEachWindow, imageWindows, volumeWindows, type WindowGeometry } from './windows.ts';

interface Inputs<Image> {
  /** `[batch, outHeight, outWidth, channels]`, or volumes */
  readonly dy: Image;
  /** What was pooled: `[batch, inHeight, inWidth, channels]`, or volumes. */
  readonly input: Image;
}

/**
 * Gradient of average pooling: each output spreads its gradient evenly over the inputs of its window.
 * A mean is taken over the inputs that exist; the library's kernels divide by the full window, which
 * is wrong at the border wherever there is padding.
 */
export const averagePoolGradient = composedKernel(
  tf.AvgPoolGrad,
  ['wasm', 'cpu'],
  ({ dy, input }: Inputs<tf.Tensor4D>, { filterSize, strides, pad }: tf.AvgPoolGradAttrs) => {
    const info = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad);
    return spreadOverWindows(dy, input.shape, imageWindows(info));
  },
);

/** Gradient of average pooling of volumes, see {@link averagePoolGradient}. */
export const averagePool3dGradient = composedKernel(
  tf.AvgPool3DGrad,
  ['wasm', 'cpu'],
  ({ dy, input }: Inputs<tf.Tensor5D>, attributes: tf.AvgPool3DGradAttrs) => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes;
    const info = tf.backend_util.computePool3DInfo(
      input.shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return spreadOverWindows(dy, input.shape, volumeWindows(info));
  },
);

function spreadOverWindows(
  dy: tf.Tensor,
  inputShape: number[],
  windows: WindowGeometry,
): tf.Tensor {
  return createTensor(inputShape, result => {
    const gradients = readValues(dy);
    const { channels } = windows;
    forEachWindow(windows, ({ inputs, count }, output) => {
      for (let i = 0; i < count; i++) {
        const input = inputs[i] as number;
        for (let channel = 0; channel < channels; channel++) {
          const share = (gradients[output + channel] as number) / count;
          result[input + channel] = (result[input + channel] as number) + share;
        }
      }
    });
  });
}
