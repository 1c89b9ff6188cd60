import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { createTensor, readValues } from './values.ts';
import { forEachWindow, imageWindows, volumeWindows, type WindowGeometry } from './windows.ts';

interface GradientInputs<Image> {
  /** `[batch, outHeight, outWidth, channels]`, or volumes */
  readonly dy: Image;
  /** What was pooled: `[batch, inHeight, inWidth, channels]`, or volumes. */
  readonly input: Image;
  /** What came of it, shaped as dy. */
  readonly output: Image;
}

/**
 * Gradient of max pooling: each output hands its gradient to the first of the largest values in its
 * window. The wasm backend's own kernel takes padding for zeros, and so loses the gradient of every
 * window without a positive value.
 */
export const maxPoolGradient = composedKernel(
  tf.MaxPoolGrad,
  ['wasm', 'cpu'],
  (inputs: GradientInputs<tf.Tensor4D>, attributes: tf.MaxPoolGradAttrs) =>
    scatterToWinners(inputs, imagePooling(inputs.input.shape, attributes)),
);

/** Gradient of max pooling of volumes, see {@link maxPoolGradient}. */
export const maxPool3dGradient = composedKernel(
  tf.MaxPool3DGrad,
  ['wasm'],
  (inputs: GradientInputs<tf.Tensor5D>, attributes: tf.MaxPool3DGradAttrs) =>
    scatterToWinners(inputs, volumePooling(inputs.input.shape, attributes)),
);

/** Max pooling of volumes. The wasm backend's own kernel returns zero where all values are negative. */
export const maxPool3d = composedKernel(
  tf.MaxPool3D,
  ['wasm'],
  ({ x }: { readonly x: tf.Tensor5D }, attributes: tf.MaxPool3DAttrs) => {
    const windows = volumePooling(x.shape, attributes);
    const { batch, depth, height, width, channels } = windows;
    const outShape = [batch, depth.outSize, height.outSize, width.outSize, channels];
    const values = readValues(x);
    const largest = new Float32Array(tf.util.sizeFromShape(outShape)).fill(-Infinity);
    forEachWindow(windows, ({ inputs, count }, output) => {
      for (let i = 0; i < count; i++) {
        for (let channel = 0; channel < channels; channel++) {
          const value = values[(inputs[i] as number) + channel] as number;
          if (value > (largest[output + channel] as number)) largest[output + channel] = value;
        }
      }
    });
    return tf.tensor(largest, outShape);
  },
);

/**
 * Max pooling of images that also tells where each value came from. The wasm backend's own kernel
 * finds no place in a window without a positive value; tfjs-node has none.
 */
export const maxPoolWithArgmax = composedKernel(
  tf.MaxPoolWithArgmax,
  ['wasm', 'tensorflow'],
  ({ x }: { readonly x: tf.Tensor4D }, attributes: tf.MaxPoolWithArgmaxAttrs) => {
    const { filterSize, strides, pad, includeBatchInIndex } = attributes;
    const windows = imagePooling(x.shape, attributes);
    const output = tf.maxPool(x, filterSize, strides, pad);
    const winners = findWinners(readValues(x), readValues(output), windows);
    const imageSize = windows.height.inSize * windows.width.inSize * windows.channels;
    const places = includeBatchInIndex ? winners : winners.map(winner => winner % imageSize);
    return [output, tf.tensor(places, output.shape, 'int32')];
  },
);

type Pooling = Pick<tf.MaxPoolGradAttrs, 'pad' | 'dimRoundingMode'>;

function imagePooling(
  shape: [number, number, number, number],
  attributes: Pick<tf.MaxPoolGradAttrs, 'filterSize' | 'strides'> & Pooling,
): WindowGeometry {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  return imageWindows(
    tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode),
  );
}

function volumePooling(
  shape: [number, number, number, number, number],
  attributes: tf.MaxPool3DGradAttrs,
): WindowGeometry {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  return volumeWindows(
    tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode),
  );
}

function scatterToWinners(
  { dy, input, output }: GradientInputs<tf.Tensor>,
  windows: WindowGeometry,
): tf.Tensor {
  return createTensor(input.shape, result => {
    const gradients = readValues(dy);
    forEachWinner(readValues(input), readValues(output), windows, (place, winner) => {
      result[winner] = (result[winner] as number) + (gradients[place] as number);
    });
  });
}

/**
 * For each output the index of the first input in its window that is equal to it; −1 where there is
 * none, as for NaN or a window that lies in explicit padding altogether.
 */
function findWinners(
  values: Float32Array,
  outputs: Float32Array,
  windows: WindowGeometry,
): Int32Array {
  const winners = new Int32Array(outputs.length).fill(-1);
  forEachWinner(values, outputs, windows, (place, winner) => {
    winners[place] = winner;
  });
  return winners;
}

/** Visits each output that has a winner, with the place of both. */
function forEachWinner(
  values: Float32Array,
  outputs: Float32Array,
  windows: WindowGeometry,
  visit: (place: number, winner: number) => void,
): void {
  const { channels } = windows;
  forEachWindow(windows, ({ inputs, count }, first) => {
    for (let channel = 0; channel < channels; channel++) {
      const largest = outputs[first + channel] as number;
      for (let i = 0; i < count; i++) {
        const position = (inputs[i] as number) + channel;
        if (values[position] !== largest) continue;
        visit(first + channel, position);
        break;
      }
    }
  });
}
