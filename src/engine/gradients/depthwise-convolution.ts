import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

interface DepthwiseAttributes {
  readonly strides: number | [number, number];
  readonly pad: tf.DepthwiseConv2dNativeAttrs['pad'];
  /** The layer of tfjs-layers passes null for no dilation. */
  readonly dilations?: number | [number, number] | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function attributesFor(
  { strides, pad, dilations, dimRoundingMode }: DepthwiseAttributes,
  shape: Record<string, number[]>,
): tf.NamedAttrMap {
  return {
    strides,
    pad,
    dilations: dilations ?? 1,
    ...(dimRoundingMode !== undefined && { dimRoundingMode }),
    ...shape,
  };
}

function inputGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: DepthwiseAttributes,
): tf.Tensor4D {
  return tf
    .engine()
    .runKernel(
      tf.DepthwiseConv2dNativeBackpropInput,
      { dy, filter },
      attributesFor(attributes, { inputShape: x.shape }),
    );
}

function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: DepthwiseAttributes,
): tf.Tensor4D {
  return tf
    .engine()
    .runKernel(
      tf.DepthwiseConv2dNativeBackpropFilter,
      { x, dy },
      attributesFor(attributes, { filterShape: filter.shape }),
    );
}

function forward(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pad, dilations, dimRoundingMode }: DepthwiseAttributes,
): tf.Tensor4D {
  return tf.depthwiseConv2d(x, filter, strides, pad, 'NHWC', dilations ?? 1, dimRoundingMode);
}

/** A convolution that keeps channels apart. TensorFlow.js refuses the gradient of a dilated one. */
export const depthwiseGradient = gradient(
  tf.DepthwiseConv2dNative,
  { inputs: ['x', 'filter'] },
  (dy: tf.Tensor4D, [x, filter]: [tf.Tensor4D, tf.Tensor4D], attributes: DepthwiseAttributes) => ({
    x: () => inputGradient(x, dy, filter, attributes),
    filter: () => filterGradient(x, dy, filter, attributes),
  }),
);

/** The same with a bias added; only linear ones are on the tape. */
export const fusedDepthwiseGradient = gradient(
  tf.FusedDepthwiseConv2D,
  { inputs: ['x', 'filter'] },
  (dy: tf.Tensor4D, [x, filter]: [tf.Tensor4D, tf.Tensor4D], attributes: DepthwiseAttributes) => ({
    x: () => inputGradient(x, dy, filter, attributes),
    filter: () => filterGradient(x, dy, filter, attributes),
    bias: () => tf.sum(dy, [0, 1, 2]),
  }),
);

export const depthwiseInputGradientGradient = gradient(
  tf.DepthwiseConv2dNativeBackpropInput,
  { inputs: ['dy', 'filter'] },
  (
    ddx: tf.Tensor4D,
    [dy, filter]: [tf.Tensor4D, tf.Tensor4D],
    attributes: DepthwiseAttributes,
  ) => ({
    dy: () => forward(ddx, filter, attributes),
    filter: () => filterGradient(ddx, dy, filter, attributes),
  }),
);

export const depthwiseFilterGradientGradient = gradient(
  tf.DepthwiseConv2dNativeBackpropFilter,
  { inputs: ['x', 'dy'] },
  (ddw: tf.Tensor4D, [x, dy]: [tf.Tensor4D, tf.Tensor4D], attributes: DepthwiseAttributes) => ({
    x: () => inputGradient(x, dy, ddw, attributes),
    dy: () => forward(x, ddw, attributes),
  }),
);
