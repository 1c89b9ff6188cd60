import { sizeOf } from '../../../arrays/batch.ts';
import { blocksDomain } from '../channel-blocks.ts';
import type { BlockedConvolution, Lowering } from '../lowering.ts';
import type { OnnxAttributes } from '../onnx.ts';
import { isConstant, type Value } from '../program.ts';
import { windowOptions, type WindowAxis, type Windows } from './windows.ts';

/**
 * Lowers a convolution in blocks of channels.
 *
 * @param bias name of one number for each channel of the result, which are added to it
 * @returns whether the channels fill blocks, and ONNX Runtime does not make them by itself
 */
export function lowerBlockedConvolution(
  lowering: Lowering,
  x: Value,
  filter: Value,
  windows: Windows,
  output: Value,
  bias?: string,
): boolean {
  const { graph, channelBlock: block } = lowering;
  const [height, width, channels, outputs] = filter.shape as [number, number, number, number];
  if (block === undefined || !writesBlocks(lowering, filter)) return false;
  if (!fitsAsInput(channels, block) || outputs % block !== 0) return false;
  const blocks = blockedFilter(lowering, filter, block, { from: 2, to: 3 });
  const weights = graph.reshape(blocks, [outputs, channels, height, width]);
  const inputs = bias === undefined ? [weights] : [weights, bias];
  place(lowering, output, { image: x, inputs, attributes: windowOptions(windows) });
  return true;
}

/**
 * Lowers the sum of a convolution in blocks and a number for each of its channels: the convolution
 * adds them while it writes its result.
 */
export function lowerBlockedBias(
  lowering: Lowering,
  sum: Value,
  bias: Value,
  output: Value,
): boolean {
  const { placements, blockedConvolutions } = lowering;
  const convolution = blockedConvolutions.get(sum);
  if (convolution === undefined || convolution.inputs.length > 1) return false;
  if (lowering.useCount(sum) > 1) return false;
  const channels = sum.shape[3] as number;
  if (bias.shape.at(-1) !== channels || sizeOf(bias.shape) !== channels) return false;
  const inputs = [...convolution.inputs, placements.reshaped(bias, [channels])];
  place(lowering, output, { ...convolution, inputs });
  return true;
}

/**
 * Lowers relu of a convolution in blocks, which can do it while it writes its result. What steps of
 * `x` need, they read off relu(x). Nothing can become a part of it afterwards: a bias would come before
 * the relu.
 */
export function lowerBlockedRelu(lowering: Lowering, x: Value, output: Value): boolean {
  const convolution = lowering.blockedConvolutions.get(x);
  if (convolution === undefined || !lowering.isOnlyReadBy(x, ['Relu', 'Step'])) return false;
  const { image, inputs } = convolution;
  const attributes = { ...convolution.attributes, activation: 'Relu' };
  lowering.placements.setBlocked(output, blockedNode(lowering, image, inputs, attributes));
  return true;
}

/** Writes a convolution to which a bias or relu may still be added. */
function place(lowering: Lowering, output: Value, convolution: BlockedConvolution): void {
  const { image, inputs, attributes } = convolution;
  lowering.placements.setBlocked(output, blockedNode(lowering, image, inputs, attributes));
  lowering.blockedConvolutions.set(output, convolution);
}

/** Trained filters in any case; constant ones where gradients of pools lie in blocks too. */
function writesBlocks(lowering: Lowering, filter: Value): boolean {
  return !isConstant(filter) || lowering.constantsInBlocks;
}

/**
 * The gradient of a convolution's input, in blocks of channels. With a stride, each place within a
 * stride is a convolution of its own over the gradient, with the numbers of the filter that can reach
 * it; all together take no more multiplications than the convolution itself.
 *
 * @returns nothing where the channels do not fill blocks, where ONNX Runtime makes blocks by itself,
 * or where windows do not reach all of the image
 */
export function blockedInputGradient(
  lowering: Lowering,
  dy: Value,
  filter: Value,
  windows: Windows,
): string | undefined {
  const { graph, channelBlock: block } = lowering;
  const [, , channels, outputs] = filter.shape as [number, number, number, number];
  if (block === undefined || !writesBlocks(lowering, filter)) return undefined;
  if (!fitsAsInput(outputs, block) || channels % block !== 0) return undefined;
  const [rows, columns] = windows.map(phasesOf);
  if (rows === undefined || columns === undefined) return undefined;

  const blocks = blockedFilter(lowering, filter, block, { from: 3, to: 2 });
  const images = (dy.shape[0] as number) * (channels / block);
  const [down, across] = windows.map(({ length, stride }) => Math.ceil(length / stride)) as [
    number,
    number,
  ];
  const bands = rows.map(row => {
    const phases = columns.map(column => {
      const last = -(2 ** 31);
      const steps = [-row.step, -column.step];
      const taps = graph.slice(blocks, [row.last, column.last], [last, last], [2, 3], steps);
      const sizes = [row.size, column.size];
      const weights = graph.reshape(taps, [channels, outputs, ...sizes]);
      const result = blockedNode(lowering, dy, [weights], {
        kernel_shape: sizes,
        strides: [1, 1],
        dilations: [row.dilation, column.dilation],
        pads: [row.before, column.before, row.after, column.after],
      });
      return columns.length === 1
        ? result
        : graph.reshape(result, [images, down, across, 1, block]);
    });
    const band =
      phases.length === 1 ? (phases[0] as string) : graph.node('Concat', phases, { axis: 3 });
    const length = across * columns.length * block;
    return rows.length === 1 ? band : graph.reshape(band, [images, down, 1, length]);
  });
  const image =
    bands.length === 1 ? (bands[0] as string) : graph.node('Concat', bands, { axis: 2 });
  const lengths = [down * rows.length, across * columns.length] as const;
  const [height, width] = windows.map(({ length }) => length) as [number, number];
  const isWhole = lengths[0] === height && lengths[1] === width;
  const exact = isWhole
    ? image
    : graph.slice(
        graph.reshape(image, [images, ...lengths, block]),
        [0, 0],
        [height, width],
        [1, 2],
      );
  return graph.reshape(exact, [dy.shape[0] as number, channels, height, width]);
}

/** Fewer channels than a block stay as they are; more have to fill blocks. */
function fitsAsInput(channels: number, block: number): boolean {
  return channels < block || channels % block === 0;
}

/** A convolution of an image by weights that lie in blocks, and perhaps a bias. */
function blockedNode(
  { graph, placements, channelBlock = 1 }: Lowering,
  image: Value,
  weights: readonly string[],
  attributes: OnnxAttributes,
): string {
  const isNarrow = (image.shape[3] as number) < channelBlock;
  const input = isNarrow ? placements.channelsFirst(image) : placements.blocked(image);
  return graph.node('Conv', [input, ...weights], { ...attributes, group: 1 }, blocksDomain);
}

/**
 * A filter `[height, width, in, out]` in blocks of the channels it leads to, and within them of those
 * that it comes from: `[to / block, from / block, height, width, block of from · block of to]`. Fewer
 * channels than a block are taken one by one.
 *
 * @param axes which axes of the filter are what it comes from and leads to
 */
function blockedFilter(
  { graph, placements }: Lowering,
  filter: Value,
  block: number,
  { from, to }: { readonly from: 2 | 3; readonly to: 2 | 3 },
): string {
  const [height, width] = filter.shape as [number, number];
  const [sources, targets] = [filter.shape[from] as number, filter.shape[to] as number];
  const inner = sources < block ? 1 : block;
  const parts = { [from]: [sources / inner, inner], [to]: [targets / block, block] };
  const split = [height, width, ...(parts[2] ?? []), ...(parts[3] ?? [])];
  // Where the two parts of an axis are after the splitting.
  const at = (axis: 2 | 3): readonly [number, number] => (axis === 2 ? [2, 3] : [4, 5]);
  const order = [at(to)[0], at(from)[0], 0, 1, at(from)[1], at(to)[1]];
  const blocks = graph.transpose(graph.reshape(placements.natural(filter), split), order);
  return graph.reshape(blocks, [targets / block, sources / inner, height, width, inner * block]);
}

/** One place within a stride along an axis, and how the filter is moved over the gradient for it. */
interface Phase {
  /** Last number of the filter that reaches this place, and the distance to the one before. */
  readonly last: number;
  readonly step: number;
  /** How many reach it. */
  readonly size: number;
  readonly dilation: number;
  /** Zeros around the gradient. */
  readonly before: number;
  readonly after: number;
}

/**
 * The places within a stride. A place p of the image lies under number k of the window
 * (p + before − k) / stride, if that is a whole number.
 */
function phasesOf(axis: WindowAxis): readonly Phase[] | undefined {
  const { length, count, size, stride, dilation, before } = axis;
  if (stride > 1 && dilation > 1) return undefined;
  const phases = Array.from({ length: stride }, (_, place): Phase => {
    const first = (place + before) % stride;
    const reaching = Math.floor((size - 1 - first) / stride) + 1;
    const window = Math.floor((place + before) / stride);
    const reach = (reaching - 1) * dilation;
    return {
      last: first + (reaching - 1) * stride,
      step: stride,
      size: reaching,
      dilation,
      before: reach - window,
      after: Math.ceil(length / stride) + window - count,
    };
  });
  const isCovered = phases.every(phase => phase.size > 0 && phase.before >= 0 && phase.after >= 0);
  return isCovered ? phases : undefined;
}
