import type {
  AvgPoolAttrs,
  AvgPoolGradAttrs,
  MaxPoolAttrs,
  MaxPoolGradAttrs,
  MaxPoolWithArgmaxAttrs,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../arrays/batch.ts';
import { permute, toChannelsFirst } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { onnxTypeNumber } from '../onnx.ts';
import type { Operation, Value } from '../program.ts';
import { isTournament, tournamentGradient, tournamentMaxima } from './tournament-pool.ts';
import { repeat } from './repeat.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';
import {
  isDisjoint,
  isTiling,
  poolWindows,
  transposedOptions,
  type WindowAxis,
  windowOptions,
  type Windows,
} from './windows.ts';

/** Attributes of a pool; unlike a convolution it knows no dilation. */
function poolOptions(windows: Windows): {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
} {
  const { kernel_shape, strides, pads } = windowOptions(windows);
  return { kernel_shape, strides, pads };
}

const maxPool: AnyRule = defineRule<'x', MaxPoolAttrs>({
  infer: ({ x }, attributes) => ({
    shape: poolWindows(x.shape, attributes).outputShape,
    type: x.type,
  }),
  lower(lowering, { inputs: { x }, attributes, output }) {
    const { placements } = lowering;
    const { windows } = poolWindows(x.shape, attributes);
    const needsIndices = lowering.operations.some(
      ({ kernel, inputs }) => kernel === 'MaxPoolGrad' && inputs['input'] === x,
    );
    if (needsIndices && isTournament(x, windows, lowering.channelBlock)) {
      placements.setBlocked(output, tournamentMaxima(lowering, x, windows));
      return;
    }
    const [maximum] = needsIndices
      ? maximumAndIndices(lowering, x, windows)
      : [lowering.graph.node('MaxPool', [placements.channelsFirst(x)], poolOptions(windows))];
    placements.setChannelsFirst(output, maximum as string);
  },
});

/** The maxima, and where in the whole tensor the first of each lies. */
function maximumAndIndices(lowering: Lowering, x: Value, windows: Windows): readonly string[] {
  const image = lowering.placements.channelsFirst(x);
  return lowering.graph.nodes('MaxPool', [image], poolOptions(windows), 2);
}

/** The maxima and where they lie in the natural order, which second derivatives ask for. */
const maxPoolWithArgmax: AnyRule = defineRule<'x', MaxPoolWithArgmaxAttrs>({
  infer: ({ x }, attributes) => {
    const { outputShape: shape } = poolWindows(x.shape, attributes);
    return [
      { shape, type: x.type },
      { shape, type: 'int32' },
    ];
  },
  lower(lowering, { inputs: { x }, attributes, outputs }) {
    const { graph, placements } = lowering;
    const { windows } = poolWindows(x.shape, attributes);
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [maxima, indices] = maximumAndIndices(lowering, x, windows) as [string, string];
    // From ((n · C + c) · H + h) · W + w to ((n · H + h) · W + w) · C + c, or without n.
    const area = height * width;
    const offsets = Array.from({ length: batch * channels }, (_, plane) => {
      const [image, channel] = [Math.floor(plane / channels), plane % channels];
      const imageStart = attributes.includeBatchInIndex ? image * area * channels : 0;
      return imageStart + channel - plane * area * channels;
    });
    const offset = graph.reshape(graph.integers(offsets), [batch, channels, 1, 1]);
    const scaled = graph.node('Mul', [indices, graph.scalar(channels, 'int64')]);
    const natural = graph.node('Add', [scaled, offset]);
    placements.setChannelsFirst(outputs[0] as Value, maxima);
    placements.setChannelsFirst(
      outputs[1] as Value,
      graph.node('Cast', [natural], { to: onnxTypeNumber('int32') }),
    );
  },
});

/**
 * Sends each gradient to the first maximum of its window.
 *
 * @param dy what to send
 * @param pool the recorded gradient kernel, whose own `dy` is not looked at
 * @param output the gradient of the pool's input
 */
export function lowerMaxPoolGradient(
  lowering: Lowering,
  dy: Value,
  pool: Operation,
  output: Value,
): void {
  const { graph, placements } = lowering;
  const input = pool.inputs['input'] as Value;
  const { windows, outputShape } = poolWindows(
    input.shape,
    pool.attributes as unknown as MaxPoolGradAttrs,
  );
  if (isTournament(input, windows, lowering.channelBlock)) {
    placements.setBlocked(output, tournamentGradient(lowering, dy, input, windows));
    return;
  }
  const gradient = placements.channelsFirst(dy);
  const [, indices] = maximumAndIndices(lowering, input, windows) as [string, string];
  const shape = permute(input.shape, toChannelsFirst);
  if (isDisjoint(windows)) {
    const inputs = [gradient, indices, graph.integers(shape)];
    placements.setChannelsFirst(output, graph.node('MaxUnpool', inputs, poolOptions(windows)));
    return;
  }
  const zeros = graph.node('Expand', [graph.scalar(0), graph.integers([sizeOf(shape)])]);
  const flat = [indices, gradient].map(name => graph.reshape(name, [sizeOf(outputShape)]));
  const scattered = graph.node('ScatterElements', [zeros, ...flat], { axis: 0, reduction: 'add' });
  placements.setChannelsFirst(output, graph.reshape(scattered, shape));
}

const maxPoolGrad: AnyRule = defineRule<'dy' | 'input' | 'output', MaxPoolGradAttrs>({
  infer: ({ input }) => ({ shape: input.shape, type: input.type }),
  lower(lowering, { inputs, output, operation }) {
    lowerMaxPoolGradient(lowering, inputs.dy, operation, output);
  },
});

/** Zeros around an image are not counted. */
const averagePool: AnyRule = defineRule<'x', AvgPoolAttrs>({
  infer: ({ x }, attributes) => ({
    shape: poolWindows(x.shape, attributes).outputShape,
    type: x.type,
  }),
  lower(lowering, { inputs: { x }, attributes, output }) {
    const { graph, placements } = lowering;
    const { windows } = poolWindows(x.shape, attributes);
    const options = { ...poolOptions(windows), count_include_pad: 0 };
    const image = placements.channelsFirst(x);
    placements.setChannelsFirst(output, graph.node('AveragePool', [image], options));
  },
});

/** How many numbers of the image, not counting zeros around it, each window holds. */
function countsInside({ length, count, size, stride, before }: WindowAxis): number[] {
  return Array.from({ length: count }, (_, index) => {
    const start = index * stride - before;
    return Math.min(length, start + size) - Math.max(0, start);
  });
}

/** Shares each gradient equally among the numbers of its window that lie inside the image. */
const averagePoolGradient: AnyRule = defineRule<'dy' | 'input', AvgPoolGradAttrs>({
  infer: ({ input }) => ({ shape: input.shape, type: input.type }),
  lower(lowering, { inputs: { dy, input }, attributes, output }) {
    const { graph, placements } = lowering;
    const { windows } = poolWindows(input.shape, attributes);
    const share = graph.node('Mul', [placements.channelsFirst(dy), shareTensor(lowering, windows)]);
    placements.setChannelsFirst(output, spread(lowering, share, input, windows));
  },
});

/** One over the number of inputs of each window, `[height, width]`, or a scalar. */
function shareTensor({ graph }: Lowering, [vertical, horizontal]: Windows): string {
  const widths = countsInside(horizontal);
  const shares = countsInside(vertical).flatMap(height =>
    widths.map(width => 1 / (height * width)),
  );
  const [first = 1] = shares;
  if (shares.every(share => share === first)) return graph.scalar(first);
  return graph.initializer({
    type: 'float32',
    shape: [vertical.count, horizontal.count],
    data: Float32Array.from(shares),
  });
}

/** Adds each number of `share` to all places of its window. */
function spread(lowering: Lowering, share: string, input: Value, windows: Windows): string {
  const { graph } = lowering;
  const [batch, , , channels] = input.shape as [number, number, number, number];
  const counts = windows.map(({ count }) => count);
  if (isTiling(windows)) {
    const repeated = repeat(
      graph,
      share,
      windows.map(({ size }) => size),
    );
    // What the last window does not reach gets nothing; what it reaches outside is cut off.
    const rests = windows.map(({ after }) => -after);
    const padded = graph.padWithZeros(
      repeated,
      [0, 0, 0, 0],
      [0, 0, ...rests.map(rest => Math.max(0, rest))],
    );
    if (rests.every(rest => rest >= 0)) return padded;
    return graph.slice(
      padded,
      [0, 0],
      windows.map(({ length }) => length),
      [2, 3],
    );
  }
  const ones = graph.initializer({
    type: 'float32',
    shape: [1, 1, ...windows.map(({ size }) => size)],
    data: new Float32Array(sizeOf(windows.map(({ size }) => size))).fill(1),
  });
  const images = graph.reshape(share, [batch * channels, 1, ...counts]);
  const sums = graph.node('ConvTranspose', [images, ones], transposedOptions(windows));
  return graph.reshape(sums, permute(input.shape, toChannelsFirst));
}

/** Pools and their gradients. */
export const poolingRules: RuleTable = {
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGrad,
  MaxPoolWithArgmax: maxPoolWithArgmax,
  AvgPool: averagePool,
  AvgPoolGrad: averagePoolGradient,
};
