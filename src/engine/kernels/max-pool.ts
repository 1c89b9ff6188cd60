import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { readValues } from './values.ts';
import { forEachWindow, imageWindows, volumeWindows, type WindowGeometry } from './windows.ts';

interface GradientInputs<Image> {
  /** `[batch, outHeight, outWidth, channels]`, or volumes */
  readonly dy: Image;
  /** What was pooled: `[batch, inHeight, inWidth, channels]`, or volumes. */
  readonly input: Image;
}

/**
 * Gradient of max pooling: each output hands its gradient to the first of the largest values in its
 * window. The wasm backend's own kernel takes padding for zeros, and so loses the gradient of every
 * window without a positive value.
 */
export const maxPoolGradient = composedKernel(
  tf.MaxPoolGrad,
  ['wasm', 'cpu'],
  ({ dy, input }: GradientInputs<tf.Tensor4D>, attributes: tf.MaxPoolGradAttrs) => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes;
    const info = tf.backend_util.computePool2DInfo(
      input.shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return scatterToWinners(dy, input, imageWindows(info));
  },
);

interface ImageInputs {
  /** `[batch, height, width, channels]` */
  readonly x: tf.Tensor4D;
}

/**
 * Max pooling that also tells where each value came from. The wasm backend's own kernel finds no place
 * in a window without a positive value.
 */
export const maxPoolWithArgmax = composedKernel(
  tf.MaxPoolWithArgmax,
  ['wasm'],
  ({ x }: ImageInputs, attributes: tf.MaxPoolWithArgmaxAttrs) => {
    const { filterSize, strides, pad, includeBatchInIndex } = attributes;
    const info = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad);
    const values = readValues(x);
    const size = tf.util.sizeFromShape(info.outShape);
    const winners = findWinners(values, size, imageWindows(info));
    const imageSize = info.inHeight * info.inWidth * info.inChannels;
    const places = includeBatchInIndex ? winners : winners.map(winner => winner % imageSize);
    return [
      tf.tensor(fetch(values, winners), info.outShape),
      tf.tensor(places, info.outShape, 'int32'),
    ];
  },
);

/** Gradient of max pooling of volumes, see {@link maxPoolGradient}. */
export const maxPool3dGradient = composedKernel(
  tf.MaxPool3DGrad,
  ['wasm'],
  ({ dy, input }: GradientInputs<tf.Tensor5D>, attributes: tf.MaxPool3DGradAttrs) =>
    scatterToWinners(dy, input, volumePooling(input.shape, attributes)),
);

interface VolumeInputs {
  /** `[batch, depth, height, width, channels]` */
  readonly x: tf.Tensor5D;
}

/** Max pooling of volumes. The wasm backend's own kernel returns zero where all values are negative. */
export const maxPool3d = composedKernel(
  tf.MaxPool3D,
  ['wasm'],
  ({ x }: VolumeInputs, attributes: tf.MaxPool3DAttrs) => {
    const windows = volumePooling(x.shape, attributes);
    const { batch, depth, height, width, channels } = windows;
    const outShape = [batch, depth.outSize, height.outSize, width.outSize, channels];
    const values = readValues(x);
    const winners = findWinners(values, tf.util.sizeFromShape(outShape), windows);
    return tf.tensor(fetch(values, winners), outShape);
  },
);

function volumePooling(
  shape: [number, number, number, number, number],
  attributes: Pick<tf.MaxPool3DGradAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>,
): WindowGeometry {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  return volumeWindows(
    tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode),
  );
}

function scatterToWinners(dy: tf.Tensor, input: tf.Tensor, windows: WindowGeometry): tf.Tensor {
  const gradients = readValues(dy);
  const winners = findWinners(readValues(input), dy.size, windows);
  const result = new Float32Array(input.size);
  for (let output = 0; output < winners.length; output++) {
    const winner = winners[output] as number;
    if (winner < 0) continue;
    result[winner] = (result[winner] as number) + (gradients[output] as number);
  }
  return tf.tensor(result, input.shape);
}

/**
 * For each output the index of the first of the largest values in its window; −1 where a window lies
 * in explicit padding altogether.
 */
function findWinners(
  values: Float32Array,
  outputCount: number,
  windows: WindowGeometry,
): Int32Array {
  const winners = new Int32Array(outputCount);
  const { channels } = windows;
  forEachWindow(windows, ({ inputs, count }, output) => {
    for (let channel = 0; channel < channels; channel++) {
      let winner = -1;
      let largest = -Infinity;
      for (let i = 0; i < count; i++) {
        const position = (inputs[i] as number) + channel;
        const value = values[position] as number;
        if (value > largest || winner < 0) {
          largest = value;
          winner = position;
        }
      }
      winners[output + channel] = winner;
    }
  });
  return winners;
}

function fetch(values: Float32Array, places: Int32Array): Float32Array {
  return Float32Array.from(places, place => values[place] as number);
}
