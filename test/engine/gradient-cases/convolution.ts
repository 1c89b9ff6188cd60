import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, gradientCase } from './gradient-case.ts';

type Padding = 'same' | 'valid' | tf.backend_util.ExplicitPadding;
type FusedDepthwisePadding = Parameters<typeof tf.fused.depthwiseConv2d>[0]['pad'];

interface Setting {
  readonly image: readonly number[];
  readonly filter: readonly number[];
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dilations?: number | [number, number];
}

const lopsided: Padding = [
  [0, 0],
  [2, 0],
  [0, 1],
  [0, 0],
];

/** Strides that divide the size and that do not, filters smaller and larger than the stride. */
const settings: readonly Setting[] = [
  { image: [2, 6, 6, 2], filter: [3, 3, 2, 3], strides: 1, pad: 'same' },
  { image: [1, 7, 5, 3], filter: [3, 3, 3, 2], strides: 1, pad: 'valid' },
  { image: [2, 7, 7, 2], filter: [3, 3, 2, 3], strides: 2, pad: 'same' },
  { image: [2, 8, 8, 1], filter: [5, 5, 1, 3], strides: 2, pad: 'same' },
  { image: [2, 8, 8, 2], filter: [3, 3, 2, 2], strides: 2, pad: 'valid' },
  { image: [2, 9, 8, 2], filter: [4, 2, 2, 2], strides: [3, 2], pad: 'valid' },
  { image: [2, 7, 6, 2], filter: [1, 1, 2, 3], strides: 2, pad: 'same' },
  { image: [1, 9, 9, 1], filter: [2, 2, 1, 2], strides: 3, pad: 'valid' },
  { image: [1, 6, 6, 2], filter: [3, 3, 2, 2], strides: 1, pad: lopsided },
  { image: [1, 7, 6, 2], filter: [3, 2, 2, 2], strides: 2, pad: lopsided },
  { image: [2, 7, 7, 2], filter: [3, 3, 2, 2], strides: 1, pad: 'same', dilations: 2 },
  { image: [1, 8, 7, 1], filter: [2, 3, 1, 2], strides: 1, pad: 'valid', dilations: [3, 2] },
];

function describeSetting({ image, filter, strides, pad, dilations = 1 }: Setting): string {
  const padding = typeof pad === 'string' ? pad : 'lopsided';
  return `${image.join('×')} by ${filter.join('×')}, stride ${String(strides)}, ${padding}, dilation ${String(dilations)}`;
}

function eachSetting(
  make: (setting: Setting) => GradientCase,
  chosen: readonly Setting[] = settings,
): GradientCase[] {
  return chosen.map(make);
}

/** For depthwise convolutions the last number of the filter's shape is the multiplier. */
const depthwiseSettings: readonly Setting[] = [
  { image: [2, 6, 6, 2], filter: [3, 3, 2, 1], strides: 1, pad: 'same' },
  { image: [1, 7, 5, 3], filter: [3, 2, 3, 2], strides: 1, pad: 'valid' },
  { image: [2, 7, 7, 2], filter: [3, 3, 2, 2], strides: 2, pad: 'same' },
  { image: [2, 8, 8, 2], filter: [3, 3, 2, 1], strides: 2, pad: 'same' },
  { image: [2, 8, 8, 2], filter: [3, 3, 2, 1], strides: 2, pad: 'valid' },
  { image: [1, 7, 7, 2], filter: [5, 5, 2, 1], strides: 2, pad: 'same' },
  { image: [1, 9, 8, 2], filter: [2, 2, 2, 1], strides: 3, pad: 'valid' },
  { image: [1, 7, 6, 2], filter: [3, 3, 2, 1], strides: 2, pad: lopsided },
  { image: [1, 7, 7, 2], filter: [3, 3, 2, 1], strides: 1, pad: 'same', dilations: 2 },
];

export const convolutionCases = {
  Conv2D: [
    ...eachSetting(setting =>
      gradientCase(
        describeSetting(setting),
        [setting.image, setting.filter],
        (x: tf.Tensor4D, filter: tf.Tensor4D) =>
          tf.conv2d(x, filter, setting.strides, setting.pad, 'NHWC', setting.dilations ?? 1),
      ),
    ),
    gradientCase(
      'one dimension',
      [
        [2, 12, 3],
        [3, 3, 4],
      ],
      (x: tf.Tensor3D, filter: tf.Tensor3D) => tf.conv1d(x, filter, 2, 'same'),
    ),
  ],
  FusedConv2D: eachSetting(setting =>
    gradientCase(
      `with a bias, ${describeSetting(setting)}`,
      [setting.image, setting.filter, [setting.filter[3] ?? 1]],
      (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) =>
        tf.fused.conv2d({
          x,
          filter,
          bias,
          strides: setting.strides,
          pad: setting.pad,
          dilations: setting.dilations ?? 1,
        }),
    ),
  ),
  Conv2DBackpropInput: [
    gradientCase(
      'stride 2 same',
      [
        [2, 5, 5, 3],
        [5, 5, 2, 3],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [2, 10, 10, 2], 2, 'same'),
    ),
    gradientCase(
      'stride 2 valid',
      [
        [2, 5, 5, 3],
        [5, 5, 2, 3],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [2, 13, 13, 2], 2, 'valid'),
    ),
    gradientCase(
      'stride 2, 4×4',
      [
        [1, 4, 3, 2],
        [4, 4, 3, 2],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 8, 6, 3], 2, 'same'),
    ),
    gradientCase(
      'stride 1',
      [
        [1, 4, 3, 2],
        [3, 3, 3, 2],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 4, 3, 3], 1, 'same'),
    ),
  ],
  DepthwiseConv2dNative: [
    ...eachSetting(
      setting =>
        gradientCase(
          describeSetting(setting),
          [setting.image, setting.filter],
          (x: tf.Tensor4D, filter: tf.Tensor4D) =>
            tf.depthwiseConv2d(
              x,
              filter,
              setting.strides,
              setting.pad,
              'NHWC',
              setting.dilations ?? 1,
            ),
        ),
      depthwiseSettings,
    ),
    gradientCase(
      'followed by a pointwise convolution',
      [
        [2, 6, 6, 2],
        [3, 3, 2, 1],
        [1, 1, 2, 3],
      ],
      (x: tf.Tensor4D, depthwise: tf.Tensor4D, pointwise: tf.Tensor4D) =>
        tf.separableConv2d(x, depthwise, pointwise, 1, 'same'),
    ),
  ],
  FusedDepthwiseConv2D: eachSetting(
    setting =>
      gradientCase(
        `with a bias, ${describeSetting(setting)}`,
        [setting.image, setting.filter, [(setting.filter[2] ?? 1) * (setting.filter[3] ?? 1)]],
        (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) =>
          tf.fused.depthwiseConv2d({
            x,
            filter,
            bias,
            strides: setting.strides,
            // The declared type leaves out what the operation takes.
            pad: setting.pad as FusedDepthwisePadding,
            dilations: setting.dilations ?? 1,
          }),
      ),
    depthwiseSettings,
  ),
  Conv3D: [
    gradientCase(
      'stride 1 same',
      [
        [2, 2, 5, 4, 2],
        [2, 2, 2, 2, 1],
      ],
      (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, 1, 'same'),
    ),
    gradientCase(
      'stride 2 same',
      [
        [1, 4, 5, 4, 2],
        [3, 3, 3, 2, 2],
      ],
      (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, 2, 'same'),
    ),
    gradientCase(
      'stride 2 valid',
      [
        [1, 5, 5, 4, 1],
        [2, 3, 2, 1, 2],
      ],
      (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, [2, 1, 2], 'valid'),
    ),
  ],
  Dilation2D: [
    gradientCase(
      'stride 1 same',
      [
        [2, 6, 6, 2],
        [2, 2, 2],
      ],
      (x: tf.Tensor4D, w: tf.Tensor3D) => tf.dilation2d(x, w, 1, 'same'),
    ),
    gradientCase(
      'stride 2 valid',
      [
        [1, 7, 6, 2],
        [3, 3, 2],
      ],
      (x: tf.Tensor4D, w: tf.Tensor3D) => tf.dilation2d(x, w, 2, 'valid'),
    ),
  ],
  BatchMatMul: [
    gradientCase(
      'plain',
      [
        [4, 5],
        [5, 3],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
    ),
    gradientCase(
      'transposed a',
      [
        [5, 4],
        [5, 3],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, true, false),
    ),
    gradientCase(
      'transposed b',
      [
        [4, 5],
        [3, 5],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, false, true),
    ),
    gradientCase(
      'both transposed',
      [
        [5, 4],
        [3, 5],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, true, true),
    ),
    gradientCase(
      'a stack',
      [
        [3, 4, 5],
        [3, 5, 2],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
    ),
    gradientCase(
      'attention',
      [
        [2, 3, 4, 2],
        [2, 3, 4, 2],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, false, true),
    ),
  ],
  _FusedMatMul: [
    gradientCase(
      'a dense layer',
      [[4, 5], [5, 3], [3]],
      (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) => tf.fused.matMul({ a, b, bias }),
    ),
    gradientCase(
      'transposed a',
      [[5, 4], [5, 3], [3]],
      (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
        tf.fused.matMul({ a, b, bias, transposeA: true }),
    ),
    gradientCase(
      'transposed b',
      [[4, 5], [3, 5], [3]],
      (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
        tf.fused.matMul({ a, b, bias, transposeB: true }),
    ),
    gradientCase(
      'both transposed',
      [[5, 4], [3, 5], [3]],
      (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
        tf.fused.matMul({ a, b, bias, transposeA: true, transposeB: true }),
    ),
  ],
  Einsum: [
    gradientCase(
      'a matrix product',
      [
        [3, 4],
        [4, 5],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.einsum('ij,jk->ik', a, b),
    ),
    gradientCase(
      'attention',
      [
        [2, 3, 2, 4],
        [2, 5, 2, 4],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.einsum('aecd,abcd->acbe', b, a),
    ),
    gradientCase(
      'a label summed alone',
      [
        [3, 4],
        [4, 5],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.einsum('ij,jk->j', a, b),
    ),
    gradientCase('one operand', [[3, 4, 2]], (a: tf.Tensor) => tf.einsum('ijk->ki', a)),
    gradientCase('an outer product', [[3], [4]], (a: tf.Tensor, b: tf.Tensor) =>
      tf.einsum('i,j->ij', a, b),
    ),
  ],
};
