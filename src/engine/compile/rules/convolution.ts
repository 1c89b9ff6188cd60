import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../arrays/batch.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { permute, permuteData, rotateKernels } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { isConstant, type Value } from '../program.ts';
import { activate, type FusedActivation } from './activation.ts';
import { blockedInputGradient, lowerBlockedConvolution } from './blocked-convolution.ts';
import { filterGradientByProducts } from './filter-gradient.ts';
import { repeat } from './repeat.ts';
import { type AnyRule, defineRule, type Inputs, type RuleTable } from './rule.ts';
import {
  convolutionWindows,
  transposedOptions,
  type WindowAttributes,
  windowOptions,
  type Windows,
} from './windows.ts';

/** From `[height, width, in, out]` to the `[out, in, height, width]` of ONNX. */
const filterOrder = [3, 2, 0, 1];

/** The same with inputs and outputs exchanged, for the way back. */
const backwardFilterOrder = [2, 3, 0, 1];

/**
 * ONNX Runtime computes convolutions with constant filters in blocks of channels. With fewer result
 * channels than this a transposed convolution, which needs no blocks, is faster.
 */
const leastBlockedChannels = 8;

/** A filter with its axes in another order, and turned by 180 degrees on demand. */
function filterTensor(
  lowering: Lowering,
  filter: Value,
  order: readonly number[],
  rotated = false,
): string {
  const { graph, placements } = lowering;
  if (isConstant(filter) && filter.origin.data instanceof Float32Array) {
    const { data } = filter.origin;
    return lowering.once(filter, `filter ${order.join()} ${rotated}`, () => {
      const shape = permute(filter.shape, order);
      const permuted = permuteData(data, filter.shape, order);
      const kernels = rotated ? rotateKernels(permuted, sizeOf(shape.slice(2))) : permuted;
      return graph.initializer({ type: 'float32', shape, data: kernels });
    });
  }
  const transposed = graph.transpose(placements.natural(filter), order);
  if (!rotated) return transposed;
  return graph.slice(transposed, [-1, -1], [-(2 ** 31), -(2 ** 31)], [2, 3], [-1, -1]);
}

/** A depthwise filter `[height, width, in, multiplier]` as `[in · multiplier, 1, height, width]`. */
function depthwiseFilter(lowering: Lowering, filter: Value): string {
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  if (isConstant(filter) && filter.origin.data instanceof Float32Array) {
    const { data } = filter.origin;
    return lowering.once(filter, 'depthwise filter', () =>
      lowering.graph.initializer({
        type: 'float32',
        shape: [channels * multiplier, 1, height, width],
        data: permuteData(data, filter.shape, backwardFilterOrder),
      }),
    );
  }
  const transposed = filterTensor(lowering, filter, backwardFilterOrder);
  return lowering.graph.reshape(transposed, [channels * multiplier, 1, height, width]);
}

type ConvolutionInputs = Inputs<'x' | 'filter', 'bias' | 'preluActivationWeights'>;

/** A per-channel vector in a shape that broadcasts to images that are channels first. */
function perChannel(lowering: Lowering, vector: Value): string {
  return lowering.placements.reshaped(vector, [sizeOf(vector.shape), 1, 1]);
}

function convolution(depthwise: boolean): AnyRule {
  return defineRule<
    'x' | 'filter',
    (Conv2DAttrs | DepthwiseConv2dNativeAttrs) & FusedActivation,
    'bias' | 'preluActivationWeights'
  >({
    infer: ({ x, filter }, attributes) => ({
      shape: convolutionWindows(x.shape, filter.shape, attributes, depthwise).outputShape,
      type: x.type,
    }),
    lower(lowering, { inputs, attributes, output }) {
      const { graph, placements } = lowering;
      const { x, filter, bias, preluActivationWeights: slopes }: ConvolutionInputs = inputs;
      const { windows } = convolutionWindows(x.shape, filter.shape, attributes, depthwise);
      if (!depthwise && lowerInBlocks(lowering, inputs, windows, attributes, output)) return;
      const weights = depthwise
        ? depthwiseFilter(lowering, filter)
        : filterTensor(lowering, filter, filterOrder);
      const groups = depthwise ? { group: x.shape[3] as number } : {};
      const options = { ...windowOptions(windows), ...groups };
      const sum = graph.node('Conv', [placements.channelsFirst(x), weights], options);
      const biased =
        bias === undefined ? sum : graph.node('Add', [sum, perChannel(lowering, bias)]);
      const slopeNames = slopes === undefined ? undefined : perChannel(lowering, slopes);
      placements.setChannelsFirst(output, activate(graph, biased, attributes, slopeNames));
    },
  });
}

/** Lowers a convolution by blocks of channels, where they can be had. */
function lowerInBlocks(
  lowering: Lowering,
  { x, filter, bias, preluActivationWeights: slopes }: ConvolutionInputs,
  windows: Windows,
  attributes: FusedActivation,
  output: Value,
): boolean {
  const { graph, placements } = lowering;
  const name = bias === undefined ? undefined : placements.reshaped(bias, [sizeOf(bias.shape)]);
  const isLinear = (attributes.activation ?? 'linear') === 'linear';
  const sum = isLinear ? output : placements.intermediate(output);
  if (!lowerBlockedConvolution(lowering, x, filter, windows, sum, name)) return false;
  if (isLinear) return true;
  const slopeNames = slopes === undefined ? undefined : perChannel(lowering, slopes);
  const active = activate(graph, placements.channelsFirst(sum), attributes, slopeNames);
  placements.setChannelsFirst(output, active);
  return true;
}

/** Padding with which the rotated filter, moved over the gradient, gives the input's gradient. */
function backwardPads(windows: Windows): readonly number[] {
  const reach = windows.map(({ size, dilation }) => (size - 1) * dilation);
  return [
    ...windows.map(({ before }, axis) => (reach[axis] as number) - before),
    ...windows.map(({ after }, axis) => (reach[axis] as number) - after),
  ];
}

/** The gradient of a convolution's input, which is also the transposed convolution of Keras. */
const backpropInput: AnyRule = defineRule<'dy' | 'filter', Conv2DBackpropInputAttrs>({
  infer: ({ dy }, { inputShape }) => ({ shape: inputShape, type: dy.type }),
  lower(lowering, { inputs: { dy, filter }, attributes, output }) {
    const { graph, placements } = lowering;
    const { inputShape } = attributes;
    const { windows } = convolutionWindows(inputShape, filter.shape, attributes);
    const blocked = blockedInputGradient(lowering, dy, filter, windows);
    if (blocked !== undefined) {
      placements.setBlocked(output, blocked);
      return;
    }
    const gradient = placements.channelsFirst(dy);
    const pads = backwardPads(windows);
    const isDense = windows.every(({ stride }) => stride === 1) && pads.every(count => count >= 0);
    if (isDense && isConstant(filter) && inputShape[3] >= leastBlockedChannels) {
      const weights = filterTensor(lowering, filter, backwardFilterOrder, true);
      const { kernel_shape, dilations } = windowOptions(windows);
      const options = { kernel_shape, dilations, pads };
      placements.setChannelsFirst(output, graph.node('Conv', [gradient, weights], options));
    } else {
      const weights = filterTensor(lowering, filter, filterOrder);
      const options = transposedOptions(windows);
      placements.setChannelsFirst(
        output,
        graph.node('ConvTranspose', [gradient, weights], options),
      );
    }
  },
});

/**
 * The gradient of a depthwise convolution's input: the rotated filter moves over the gradient, with
 * zeros between its numbers where the convolution strode over inputs. ONNX Runtime's own transposed
 * convolution is slow with many groups.
 */
const depthwiseBackpropInput: AnyRule = defineRule<
  'dy' | 'filter',
  DepthwiseConv2dNativeBackpropInputAttrs
>({
  infer: ({ dy }, { inputShape }) => ({ shape: inputShape, type: dy.type }),
  lower(lowering, { inputs: { dy, filter }, attributes, output }) {
    const { graph, placements } = lowering;
    const { inputShape } = attributes;
    const { windows } = convolutionWindows(inputShape, filter.shape, attributes, true);
    const channels = inputShape[3];
    const pads = backwardPads(windows);
    const gradient = placements.channelsFirst(dy);
    if (pads.some(count => count < 0)) {
      const weights = depthwiseFilter(lowering, filter);
      const options = { ...transposedOptions(windows), group: channels };
      const name = graph.node('ConvTranspose', [gradient, weights], options);
      placements.setChannelsFirst(output, name);
      return;
    }
    const spread = insertZeros(graph, gradient, windows, pads);
    const weights = filterTensor(lowering, filter, backwardFilterOrder, true);
    const { kernel_shape, dilations } = windowOptions(windows);
    const options = { kernel_shape, dilations, pads: spread.pads, group: channels };
    placements.setChannelsFirst(output, graph.node('Conv', [spread.name, weights], options));
  },
});

/**
 * Puts `stride − 1` zeros after each number along height and width. Repeating the numbers and
 * multiplying by zeros and ones is several times faster than the operator Pad on single numbers.
 *
 * @param pads zeros that a convolution puts around the image
 * @returns the image, and what zeros are still to be put around it
 */
function insertZeros(
  graph: GraphBuilder,
  image: string,
  windows: Windows,
  pads: readonly number[],
): { readonly name: string; readonly pads: readonly number[] } {
  const strides = windows.map(({ stride }) => stride);
  if (strides.every(stride => stride === 1)) return { name: image, pads };
  const repeated = repeat(graph, image, strides);
  const lengths = windows.map(({ count, stride }) => count * stride) as [number, number];
  const [down, across] = strides as [number, number];
  const mask = Float32Array.from({ length: lengths[0] * lengths[1] }, (_, place) => {
    const [row, column] = [Math.floor(place / lengths[1]), place % lengths[1]];
    return row % down === 0 && column % across === 0 ? 1 : 0;
  });
  const zerosAndOnes = graph.initializer({ type: 'float32', shape: lengths, data: mask });
  const spread = graph.node('Mul', [repeated, zerosAndOnes]);
  // The zeros after the last number are part of the padding, or are cut off.
  const [top = 0, left = 0, ...after] = pads;
  const rest = after.map((count, axis) => count - (strides[axis] as number) + 1);
  const ends = lengths.map((length, axis) => length + Math.min(0, rest[axis] as number));
  return {
    name: rest.every(count => count >= 0) ? spread : graph.slice(spread, [0, 0], ends, [2, 3]),
    pads: [top, left, ...rest.map(count => Math.max(0, count))],
  };
}

/**
 * The image so far as windows reach, and the zeros that a convolution over it needs: a gradient of a
 * filter is a convolution of the image with the gradient of the result, strides become dilations.
 */
function reachedImage(
  lowering: Lowering,
  image: string,
  windows: Windows,
): { readonly name: string; readonly pads: readonly number[] } {
  const ends = windows.map(({ length, after }) => length + Math.min(0, after));
  const isWhole = windows.every(({ after }) => after >= 0);
  return {
    name: isWhole ? image : lowering.graph.slice(image, [0, 0], ends, [2, 3]),
    pads: windowOptions(windows).pads,
  };
}

/** The gradient of a convolution's filter. */
const backpropFilter: AnyRule = defineRule<
  'x' | 'dy',
  Conv2DBackpropFilterAttrs & WindowAttributes
>({
  infer: ({ x }, { filterShape }) => ({ shape: filterShape, type: x.type }),
  lower(lowering, { inputs: { x, dy }, attributes, output }) {
    const { graph, placements } = lowering;
    const { windows } = convolutionWindows(x.shape, attributes.filterShape, attributes);
    const product = filterGradientByProducts(lowering, x, dy, windows);
    if (product !== undefined) {
      placements.setNatural(output, product);
      return;
    }
    const { name, pads } = reachedImage(lowering, placements.channelsFirst(x), windows);
    const exchanged = [1, 0, 2, 3];
    const weights = graph.transpose(placements.channelsFirst(dy), exchanged);
    const result = graph.node('Conv', [graph.transpose(name, exchanged), weights], {
      kernel_shape: windows.map(({ count }) => count),
      strides: windows.map(({ dilation }) => dilation),
      dilations: windows.map(({ stride }) => stride),
      pads,
    });
    placements.setNatural(output, graph.transpose(result, [2, 3, 0, 1]));
  },
});

/** The gradient of a depthwise convolution's filter. */
const depthwiseBackpropFilter: AnyRule = defineRule<
  'x' | 'dy',
  DepthwiseConv2dNativeBackpropFilterAttrs
>({
  infer: ({ x }, { filterShape }) => ({ shape: filterShape, type: x.type }),
  lower(lowering, { inputs: { x, dy }, attributes, output }) {
    const { graph, placements } = lowering;
    const { filterShape } = attributes;
    const [, , channels, multiplier] = filterShape;
    const { windows } = convolutionWindows(x.shape, filterShape, attributes, true);
    const { name, pads } = reachedImage(lowering, placements.channelsFirst(x), windows);
    const batch = x.shape[0] as number;
    // One group for each channel; the samples of the batch are its inputs.
    const heights = windows.map(({ length, after }) => length + Math.min(0, after));
    const exchanged = [1, 0, 2, 3];
    const image = graph.reshape(graph.transpose(name, exchanged), [
      1,
      channels * batch,
      ...heights,
    ]);
    const weights = graph.transpose(placements.channelsFirst(dy), exchanged);
    const result = graph.node('Conv', [image, weights], {
      kernel_shape: windows.map(({ count }) => count),
      strides: windows.map(({ dilation }) => dilation),
      dilations: windows.map(({ stride }) => stride),
      pads,
      group: channels,
    });
    const sizes = windows.map(({ size }) => size);
    const grouped = graph.reshape(result, [channels, multiplier, ...sizes]);
    placements.setNatural(output, graph.transpose(grouped, [2, 3, 0, 1]));
  },
});

/** Convolutions and their gradients. */
export const convolutionRules: RuleTable = {
  Conv2D: convolution(false),
  FusedConv2D: convolution(false),
  Conv2DBackpropInput: backpropInput,
  Conv2DBackpropFilter: backpropFilter,
  DepthwiseConv2dNative: convolution(true),
  FusedDepthwiseConv2D: convolution(true),
  DepthwiseConv2dNativeBackpropInput: depthwiseBackpropInput,
  DepthwiseConv2dNativeBackpropFilter: depthwiseBackpropFilter,
};
