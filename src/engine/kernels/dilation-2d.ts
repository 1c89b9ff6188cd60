import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { readValues } from './values.ts';
import { forEachWindow, imageWindows } from './windows.ts';

interface Inputs {
  /** `[batch, inHeight, inWidth, channels]` */
  readonly x: tf.Tensor4D;
  /** `[filterHeight, filterWidth, channels]` */
  readonly filter: tf.Tensor3D;
}

interface GradientInputs extends Inputs {
  /** `[batch, outHeight, outWidth, channels]` */
  readonly dy: tf.Tensor4D;
}

/**
 * Greyscale dilation: the largest sum of input and filter in each window. The wasm backend's own
 * kernels, forward and backward, count windows without a positive sum as zero.
 */
export const dilation2d = composedKernel(
  tf.Dilation2D,
  ['wasm'],
  (inputs: Inputs, attributes: tf.Dilation2DAttrs) => {
    const info = dilationInfo(inputs, attributes);
    const x = readValues(inputs.x);
    const filter = readValues(inputs.filter);
    const result = new Float32Array(tf.util.sizeFromShape(info.outShape));
    forEachWinner(x, filter, info, (output, position, tap) => {
      result[output] = (x[position] as number) + (filter[tap] as number);
    });
    return tf.tensor(result, info.outShape);
  },
);

/** Gradient of a dilation with respect to its input: to the winner of each window. */
export const dilation2dInputGradient = composedKernel(
  tf.Dilation2DBackpropInput,
  ['wasm'],
  (inputs: GradientInputs, attributes: tf.Dilation2DAttrs) => {
    const dy = readValues(inputs.dy);
    const result = new Float32Array(inputs.x.size);
    forEachWinner(
      readValues(inputs.x),
      readValues(inputs.filter),
      dilationInfo(inputs, attributes),
      (output, position) => {
        result[position] = (result[position] as number) + (dy[output] as number);
      },
    );
    return tf.tensor(result, inputs.x.shape);
  },
);

/** Gradient of a dilation with respect to its filter: to the tap that won in each window. */
export const dilation2dFilterGradient = composedKernel(
  tf.Dilation2DBackpropFilter,
  ['wasm'],
  (inputs: GradientInputs, attributes: tf.Dilation2DAttrs) => {
    const dy = readValues(inputs.dy);
    const result = new Float32Array(inputs.filter.size);
    forEachWinner(
      readValues(inputs.x),
      readValues(inputs.filter),
      dilationInfo(inputs, attributes),
      (output, _position, tap) => {
        result[tap] = (result[tap] as number) + (dy[output] as number);
      },
    );
    return tf.tensor(result, inputs.filter.shape);
  },
);

function dilationInfo(
  { x, filter }: Inputs,
  { strides, pad, dilations }: tf.Dilation2DAttrs,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeDilation2DInfo(
    x.shape,
    filter.shape,
    strides,
    pad,
    'NHWC',
    dilations,
  );
}

/** Calls back with the indices of each output, and of the input and the filter tap that won. */
function forEachWinner(
  x: Float32Array,
  filter: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  callback: (output: number, position: number, tap: number) => void,
): void {
  forEachWindow(imageWindows(info), ({ inputs, taps, count }, output) => {
    for (let channel = 0; channel < info.inChannels; channel++) {
      let largest = -Infinity;
      let winner = -1;
      for (let i = 0; i < count; i++) {
        const input = x[(inputs[i] as number) + channel] as number;
        const value = input + (filter[(taps[i] as number) + channel] as number);
        if (value > largest) {
          largest = value;
          winner = i;
        }
      }
      if (winner < 0) continue;
      callback(
        output + channel,
        (inputs[winner] as number) + channel,
        (taps[winner] as number) + channel,
      );
    }
  });
}
