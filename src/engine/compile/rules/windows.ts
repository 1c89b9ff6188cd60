import * as tf from '@tensorflow/tfjs-core';
import { unsupportedKernel } from '../compile-error.ts';

/** How windows of a convolution or a pool lie on an image, along one axis. */
export interface WindowAxis {
  /** Numbers in the image. */
  readonly length: number;
  /** Number of windows. */
  readonly count: number;
  /** Numbers in a window. */
  readonly size: number;
  /** Distance between windows. */
  readonly stride: number;
  /** Distance between the numbers of a window. */
  readonly dilation: number;
  /** Zeros in front of the image. */
  readonly before: number;
  /** Zeros behind it that the last window reaches; negative where the image goes on after it. */
  readonly after: number;
}

/** The windows along height and width. */
export type Windows = readonly [WindowAxis, WindowAxis];

/** The attributes that all kernels with windows share. */
export interface WindowAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  /** The layers of tfjs-layers pass null for no dilation. */
  readonly dilations?: [number, number] | number | null;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

/** Windows of a convolution, and the shape of its result in natural order. */
export function convolutionWindows(
  imageShape: readonly number[],
  filterShape: readonly number[],
  attributes: WindowAttributes,
  depthwise = false,
): { readonly windows: Windows; readonly outputShape: readonly number[] } {
  const { strides, pad, dilations, dataFormat = 'NHWC', dimRoundingMode } = attributes;
  if (dataFormat !== 'NHWC') throw unsupportedKernel('Conv2D', `format ${dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(
    [...imageShape] as Shape4,
    [...filterShape] as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  return { windows: windowsOf(info), outputShape: info.outShape };
}

/** Windows of a pool, and the shape of its result in natural order. */
export function poolWindows(
  imageShape: readonly number[],
  attributes: WindowAttributes & { readonly filterSize: [number, number] | number },
): { readonly windows: Windows; readonly outputShape: readonly number[] } {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const info = tf.backend_util.computePool2DInfo(
    [...imageShape] as Shape4,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return { windows: windowsOf(info), outputShape: info.outShape };
}

function windowsOf(info: tf.backend_util.Conv2DInfo): Windows {
  const axis = (
    length: number,
    count: number,
    size: number,
    stride: number,
    dilation: number,
    before: number,
  ): WindowAxis => {
    const reach = (count - 1) * stride + (size - 1) * dilation + 1;
    return { length, count, size, stride, dilation, before, after: reach - length - before };
  };
  return [
    axis(
      info.inHeight,
      info.outHeight,
      info.filterHeight,
      info.strideHeight,
      info.dilationHeight,
      info.padInfo.top,
    ),
    axis(
      info.inWidth,
      info.outWidth,
      info.filterWidth,
      info.strideWidth,
      info.dilationWidth,
      info.padInfo.left,
    ),
  ];
}

/** Attributes of an ONNX operator with these windows. */
export function windowOptions(windows: Windows): {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
} {
  return {
    kernel_shape: windows.map(({ size }) => size),
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [
      ...windows.map(({ before }) => before),
      ...windows.map(({ after }) => Math.max(0, after)),
    ],
  };
}

/** Attributes of a transposed convolution that returns images of the length that `windows` has. */
export function transposedOptions(windows: Windows): ReturnType<typeof windowOptions> & {
  readonly output_padding: readonly number[];
} {
  return {
    ...windowOptions(windows),
    output_padding: windows.map(({ after }) => Math.max(0, -after)),
  };
}

/** Whether windows lie side by side without gaps, overlaps or a margin in front. */
export function isTiling(windows: Windows): boolean {
  return windows.every(({ size, stride, before }) => size === stride && before === 0);
}

/** Whether no number is in two windows. */
export function isDisjoint(windows: Windows): boolean {
  return windows.every(({ size, stride, dilation }) => dilation === 1 && size <= stride);
}
