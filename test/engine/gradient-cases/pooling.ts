import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, gradientCase } from './gradient-case.ts';

/** Image size, window, stride: with and without padding, overlapping, with rows left over. */
const windows = [
  [8, 2, 2, 'same'],
  [7, 2, 2, 'same'],
  [7, 3, 2, 'same'],
  [6, 3, 1, 'same'],
  [8, 2, 2, 'valid'],
  [7, 3, 2, 'valid'],
  [8, 2, 3, 'valid'],
] as const;

function pooling(
  pool: (x: tf.Tensor4D, size: number, stride: number, pad: 'same' | 'valid') => tf.Tensor,
  range: readonly [number, number] = [-0.9, 0.9],
): GradientCase[] {
  return windows.map(([image, size, stride, pad]) =>
    gradientCase(
      `${image}×${image}, window ${size}, stride ${stride}, ${pad}, values from ${range[0]} to ${range[1]}`,
      [[2, image, image, 2]],
      (x: tf.Tensor4D) => pool(x, size, stride, pad),
      { range },
    ),
  );
}

const volumes = [
  ['stride 2 same', [1, 4, 5, 4, 2], 2, 2, 'same'],
  ['overlapping', [1, 3, 5, 4, 2], 3, 2, 'same'],
  ['valid', [1, 3, 5, 4, 1], 2, 1, 'valid'],
] as const;

export const poolingCases = {
  AvgPool: pooling((x, size, stride, pad) => tf.avgPool(x, size, stride, pad)),
  AvgPool3D: volumes.map(([name, shape, size, stride, pad]) =>
    gradientCase(name, [shape], (x: tf.Tensor5D) => tf.avgPool3d(x, size, stride, pad)),
  ),
  MaxPool: [
    ...pooling((x, size, stride, pad) => tf.maxPool(x, size, stride, pad)),
    ...pooling((x, size, stride, pad) => tf.maxPool(x, size, stride, pad), [-2.1, -0.3]),
  ],
  MaxPool3D: volumes.map(([name, shape, size, stride, pad]) =>
    gradientCase(name, [shape], (x: tf.Tensor5D) => tf.maxPool3d(x, size, stride, pad)),
  ),
};
