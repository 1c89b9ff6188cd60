import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { readValues } from './values.ts';

interface Inputs {
  /** What was resized: `[batch, inHeight, inWidth, channels]`. */
  readonly images: tf.Tensor4D;
  /** `[batch, outHeight, outWidth, channels]` */
  readonly dy: tf.Tensor4D;
}

interface Attributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

type Resize = (image: tf.Tensor4D, size: [number, number]) => tf.Tensor4D;

/** Gradient of bilinear resizing. The library's kernels know nothing of half-pixel centres. */
export const resizeBilinearGradient = composedKernel(
  tf.ResizeBilinearGrad,
  ['wasm', 'cpu', 'tensorflow'],
  ({ images, dy }: Inputs, { alignCorners, halfPixelCenters }: Attributes) =>
    resizeGradient(images, dy, (image, size) =>
      tf.image.resizeBilinear(image, size, alignCorners, halfPixelCenters),
    ),
);

/**
 * Gradient of nearest-neighbour resizing. The library's cpu kernel is wrong when it enlarges, and its
 * kernel for TensorFlow knows nothing of half-pixel centres.
 */
export const resizeNearestNeighborGradient = composedKernel(
  tf.ResizeNearestNeighborGrad,
  ['wasm', 'cpu', 'tensorflow'],
  ({ images, dy }: Inputs, { alignCorners, halfPixelCenters }: Attributes) =>
    resizeGradient(images, dy, (image, size) =>
      tf.image.resizeNearestNeighbor(image, size, alignCorners, halfPixelCenters),
    ),
);

function resizeGradient(images: tf.Tensor4D, dy: tf.Tensor4D, resize: Resize): tf.Tensor {
  const [, inHeight, inWidth] = images.shape;
  const [, outHeight, outWidth] = dy.shape;
  const rows = sourcePositions(inHeight, outHeight, length => [length, 1], resize);
  const columns = sourcePositions(inWidth, outWidth, length => [1, length], resize);
  return tf.tensor(scatterToSources(readValues(dy), images.shape, rows, columns), images.shape);
}

/**
 * Where along one axis each output position takes its value from, as a fraction between two input
 * positions. A ramp 0, 1, 2 … is resized and tells it, so that the answer is that of the forward
 * kernel itself, with its rounding, whatever the backend.
 */
function sourcePositions(
  inSize: number,
  outSize: number,
  shape: (length: number) => [number, number],
  resize: Resize,
): Float32Array {
  const ramp = tf.reshape<tf.Rank.R4>(tf.range(0, inSize, 1, 'float32'), [1, ...shape(inSize), 1]);
  return resize(ramp, shape(outSize)).dataSync<'float32'>();
}

/** Hands each value of dy to the up to four inputs around its source, by their weights. */
function scatterToSources(
  dy: Float32Array,
  [batch, inHeight, inWidth, channels]: readonly [number, number, number, number],
  rows: Float32Array,
  columns: Float32Array,
): Float32Array {
  const result = new Float32Array(batch * inHeight * inWidth * channels);
  const add = (target: number, source: number, weight: number): void => {
    if (weight === 0) return;
    for (let channel = 0; channel < channels; channel++) {
      const value = (dy[source + channel] as number) * weight;
      result[target + channel] = (result[target + channel] as number) + value;
    }
  };
  let source = 0;
  for (let image = 0; image < batch; image++) {
    for (const row of rows) {
      const top = Math.floor(row);
      const downwards = row - top;
      const topStart = (image * inHeight + top) * inWidth;
      for (const column of columns) {
        const left = Math.floor(column);
        const rightwards = column - left;
        const topLeft = (topStart + left) * channels;
        const bottomLeft = topLeft + inWidth * channels;
        add(topLeft, source, (1 - downwards) * (1 - rightwards));
        add(topLeft + channels, source, (1 - downwards) * rightwards);
        add(bottomLeft, source, downwards * (1 - rightwards));
        add(bottomLeft + channels, source, downwards * rightwards);
        source += channels;
      }
    }
  }
  return result;
}
