import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

type Pair = [number, number];

/** What the kernels of a convolution have in common. */
interface ConvolutionAttributes {
  readonly strides: number | Pair;
  readonly pad: tf.Conv2DAttrs['pad'];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  /** Null, as some layers have it, is no dilation. */
  readonly dilations?: number | Pair | null;
}

/** Gradient with respect to the input: `[batch, inHeight, inWidth, inChannels]`. */
function inputGradient(
  inputShape: readonly number[],
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: ConvolutionAttributes,
): tf.Tensor4D {
  return tf
    .engine()
    .runKernel(
      tf.Conv2DBackpropInput,
      { dy, filter: dilate(filter, pair(attributes.dilations ?? 1)) },
      { ...plain(attributes), inputShape: [...inputShape] },
    );
}

/** Gradient with respect to the filter: `[filterHeight, filterWidth, inChannels, outChannels]`. */
function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: readonly number[],
  attributes: ConvolutionAttributes,
): tf.Tensor4D {
  const [vertical, horizontal] = pair(attributes.dilations ?? 1);
  const [height = 1, width = 1, ...channels] = filterShape;
  const dilatedShape = [(height - 1) * vertical + 1, (width - 1) * horizontal + 1, ...channels];
  const full = tf
    .engine()
    .runKernel<tf.Tensor4D>(
      tf.Conv2DBackpropFilter,
      { x, dy },
      { ...plain(attributes), filterShape: dilatedShape },
    );
  if (vertical === 1 && horizontal === 1) return full;
  return tf.stridedSlice(full, [0, 0, 0, 0], full.shape, [
    vertical,
    horizontal,
    1,
    1,
  ]) as tf.Tensor4D;
}

function forward(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: ConvolutionAttributes,
): tf.Tensor4D {
  const { strides, pad, dataFormat = 'NHWC', dimRoundingMode } = attributes;
  return tf.conv2d(x, filter, strides, pad, dataFormat, 1, dimRoundingMode);
}

/** Strides, padding and format, as the gradient kernels take them. */
function plain(attributes: ConvolutionAttributes): tf.NamedAttrMap {
  const { strides, pad, dataFormat = 'NHWC', dimRoundingMode } = attributes;
  return {
    strides,
    pad,
    dataFormat,
    ...(dimRoundingMode !== undefined && { dimRoundingMode }),
  };
}

function pair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/**
 * The filter with zeros between its taps. A convolution dilated by d is one with that filter, which
 * gives it the gradient that TensorFlow.js refuses.
 */
function dilate(filter: tf.Tensor4D, [vertical, horizontal]: Pair): tf.Tensor4D {
  if (vertical === 1 && horizontal === 1) return filter;
  const [height, width, inChannels, outChannels] = filter.shape;
  const spread = tf.pad(tf.reshape(filter, [height, 1, width, 1, inChannels * outChannels]), [
    [0, 0],
    [0, vertical - 1],
    [0, 0],
    [0, horizontal - 1],
    [0, 0],
  ]);
  const dilated = tf.reshape<tf.Rank.R4>(spread, [
    height * vertical,
    width * horizontal,
    inChannels,
    outChannels,
  ]);
  return tf.slice(
    dilated,
    [0, 0, 0, 0],
    [(height - 1) * vertical + 1, (width - 1) * horizontal + 1, -1, -1],
  );
}

export const convolutionGradient = gradient(
  tf.Conv2D,
  { inputs: ['x', 'filter'] },
  (
    dy: tf.Tensor4D,
    [x, filter]: [tf.Tensor4D, tf.Tensor4D],
    attributes: ConvolutionAttributes,
  ) => ({
    x: () => inputGradient(x.shape, dy, filter, attributes),
    filter: () => filterGradient(x, dy, filter.shape, attributes),
  }),
);

/**
 * A convolution with a bias added, as layers without activation use it. Only linear ones are on the
 * tape: TensorFlow.js takes the others apart while it records.
 */
export const fusedConvolutionGradient = gradient(
  tf.FusedConv2D,
  { inputs: ['x', 'filter'] },
  (
    dy: tf.Tensor4D,
    [x, filter]: [tf.Tensor4D, tf.Tensor4D],
    attributes: ConvolutionAttributes,
  ) => ({
    x: () => inputGradient(x.shape, dy, filter, attributes),
    filter: () => filterGradient(x, dy, filter.shape, attributes),
    bias: () => tf.sum(dy, [0, 1, 2]),
  }),
);

/** The input gradient is a transposed convolution, so this is also the gradient of that layer. */
export const convolutionInputGradientGradient = gradient(
  tf.Conv2DBackpropInput,
  { inputs: ['dy', 'filter'] },
  (
    ddx: tf.Tensor4D,
    [dy, filter]: [tf.Tensor4D, tf.Tensor4D],
    attributes: ConvolutionAttributes,
  ) => ({
    dy: () => forward(ddx, filter, attributes),
    filter: () => filterGradient(ddx, dy, filter.shape, attributes),
  }),
);

export const convolutionFilterGradientGradient = gradient(
  tf.Conv2DBackpropFilter,
  { inputs: ['x', 'dy'] },
  (ddw: tf.Tensor4D, [x, dy]: [tf.Tensor4D, tf.Tensor4D], attributes: ConvolutionAttributes) => ({
    x: () => inputGradient(x.shape, dy, ddw, attributes),
    dy: () => forward(x, ddw, attributes),
  }),
);
