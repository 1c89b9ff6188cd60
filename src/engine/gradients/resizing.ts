import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** The gradient of a resize is linear in dy, and the resize is its transposition. */
export const resizeBilinearGradientGradient = gradient(
  tf.ResizeBilinearGrad,
  { inputs: ['images', 'dy'] },
  (
    ddx: tf.Tensor4D,
    [images, dy]: [tf.Tensor4D, tf.Tensor4D],
    { alignCorners, halfPixelCenters }: ResizeAttributes,
  ) => ({
    images: () => tf.zeros(images.shape),
    dy: () =>
      tf.image.resizeBilinear(ddx, [dy.shape[1], dy.shape[2]], alignCorners, halfPixelCenters),
  }),
);

/** See {@link resizeBilinearGradientGradient}. */
export const resizeNearestGradientGradient = gradient(
  tf.ResizeNearestNeighborGrad,
  { inputs: ['images', 'dy'] },
  (
    ddx: tf.Tensor4D,
    [images, dy]: [tf.Tensor4D, tf.Tensor4D],
    { alignCorners, halfPixelCenters }: ResizeAttributes,
  ) => ({
    images: () => tf.zeros(images.shape),
    dy: () =>
      tf.image.resizeNearestNeighbor(
        ddx,
        [dy.shape[1], dy.shape[2]],
        alignCorners,
        halfPixelCenters,
      ),
  }),
);
