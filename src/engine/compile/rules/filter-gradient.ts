import { blocksDomain } from '../channel-blocks.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import type { Windows } from './windows.ts';

/** With fewer input channels, picking them costs more than the product saves. */
const leastChannels = 16;

/** What the windows of a part of the batch meet is written once and read once: in the cache. */
const cacheBytes = 16 * 2 ** 20;

/** The same where samples lie in blocks; it is read more often there. */
const blockedCacheBytes = 6 * 2 ** 20;

/** Samples `start` to `end` (exclusive) of a batch. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The gradient of a convolution's filter, `[height, width, in, out]`, as a product of matrices:
 * dw[k] = Σ x[n, o · stride + k − before]ᵀ · dy[n, o] over all samples n and places o. One matrix has
 * for each place all that its window meets; the batch is taken in parts whose matrices fit in the
 * cache. Whole blocks of samples take the way of convolutions, see {@link productInBlocks}.
 *
 * @returns nothing where a convolution whose filter is the gradient is faster
 */
export function filterGradientByProducts(
  lowering: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
): string | undefined {
  const { graph, channelBlock: block } = lowering;
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const outputs = dy.shape[3] as number;
  const [rows, columns] = windows;
  const column = rows.size * columns.size * channels;
  const isPointwise = rows.size * columns.size === 1;
  if (channels < leastChannels && !isPointwise) return undefined;

  const sampleBytes = 4 * rows.count * columns.count * column;
  const inBlocks = block === undefined || outputs % block !== 0 ? 0 : batch - (batch % block);
  const blockedParts = partsOf({ start: 0, end: inBlocks }, blockedCacheBytes / sampleBytes, block);
  const rest = partsOf({ start: inBlocks, end: batch }, cacheBytes / sampleBytes);
  const summands = rest.map(part => productOf(lowering, x, dy, windows, part));
  if (blockedParts.length > 0) {
    const products = blockedParts.map(part => productInBlocks(lowering, x, dy, windows, part));
    const options = { channels: outputs, channels_last: 1 };
    const sum = graph.node('ReorderOutput', [sumOf(graph, products)], options, blocksDomain);
    summands.push(graph.reshape(sum, [column, outputs]));
  }
  return graph.reshape(sumOf(graph, summands), [rows.size, columns.size, channels, outputs]);
}

/** Parts of nearly the same length, each a multiple of `step`, with at most `most` samples if it can be. */
function partsOf({ start, end }: Part, most: number, step = 1): readonly Part[] {
  const steps = (end - start) / step;
  const count = Math.ceil(steps / Math.max(1, Math.floor(most / step)));
  const length = Math.ceil(steps / count) * step;
  return Array.from({ length: count }, (_, index) => ({
    start: start + index * length,
    end: Math.min(end, start + (index + 1) * length),
  })).filter(part => part.start < part.end);
}

function sumOf(graph: GraphBuilder, summands: readonly string[]): string {
  return summands.length === 1 ? (summands[0] as string) : graph.node('Sum', summands);
}

/** The samples of a part, in natural order. */
function samplesOf({ graph, placements }: Lowering, value: Value, { start, end }: Part): string {
  const name = placements.natural(value);
  return end - start === value.shape[0] ? name : graph.slice(name, [start], [end], [0]);
}

/** What a part contributes, `[window · in, out]`. */
function productOf(lowering: Lowering, x: Value, dy: Value, windows: Windows, part: Part): string {
  const { graph } = lowering;
  const [channels, outputs] = [x.shape[3] as number, dy.shape[3] as number];
  const samples = part.end - part.start;
  const [places, size] = [placesOf(windows), sizeOfWindow(windows)];
  const met = metByWindows(graph, samplesOf(lowering, x, part), [samples, channels], windows);
  const left = graph.reshape(met, [samples * places, size * channels]);
  const right = graph.reshape(samplesOf(lowering, dy, part), [samples * places, outputs]);
  // A product with more columns than rows is divided between threads in a way that shows in its bits.
  return size * channels >= outputs
    ? graph.node('Gemm', [left, right], { transA: 1 })
    : graph.transpose(graph.node('Gemm', [right, left], { transA: 1 }), [1, 0]);
}

/**
 * The same as a convolution of a single place, which is the fastest product there is: its channels are
 * the samples at all places, in blocks of samples, its pixels what windows meet, its filter the
 * gradient of the result.
 *
 * @returns `[1, out, window, in]` in blocks of `out`
 */
function productInBlocks(
  lowering: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
  part: Part,
): string {
  const { graph, channelBlock: block = 1 } = lowering;
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const outputs = dy.shape[3] as number;
  const samples = part.end - part.start;
  const [places, size] = [placesOf(windows), sizeOfWindow(windows)];
  const image = graph.reshape(samplesOf(lowering, x, part), [1, samples, height * width, channels]);
  const blocks = graph.node('ReorderInput', [image], {}, blocksDomain);
  const met = metByWindows(graph, blocks, [samples / block, channels * block], windows);
  const split = [samples / block, block, places, outputs / block, block];
  const gradient = graph.reshape(samplesOf(lowering, dy, part), split);
  const filter = graph.transpose(gradient, [3, 0, 2, 1, 4]);
  const inputs = [
    // Threads share rows: there is one for each number of the window.
    graph.reshape(met, [1, samples * places, size, channels]),
    graph.reshape(filter, [outputs, samples * places, 1, 1]),
  ];
  const one = [1, 1];
  const options = { kernel_shape: one, strides: one, dilations: one, pads: [0, 0, 0, 0], group: 1 };
  return graph.node('Conv', inputs, options, blocksDomain);
}

function placesOf([rows, columns]: Windows): number {
  return rows.count * columns.count;
}

function sizeOfWindow([rows, columns]: Windows): number {
  return rows.size * columns.size;
}

/**
 * For each window, the pixels that it meets, `[places, window, channels]`; zeros around the image.
 *
 * @param image in natural order, or with blocks of samples in place of samples
 */
function metByWindows(
  graph: GraphBuilder,
  image: string,
  [samples, channels]: readonly [number, number],
  windows: Windows,
): string {
  const [rows, columns] = windows;
  const pixels = samples * rows.length * columns.length;
  const list = graph.reshape(image, [pixels, channels]);
  const isListItself = windows.every(
    ({ length, count, size, stride, before }) =>
      size === 1 && stride === 1 && before === 0 && count === length,
  );
  if (isListItself) return list;
  // One more pixel stands for what is around the image.
  const reachesOut = windows.some(({ before, after }) => before > 0 || after > 0);
  const all = reachesOut ? graph.padWithZeros(list, [0, 0], [1, 0]) : list;
  const met = graph.constant(`pixels met ${JSON.stringify([samples, windows])}`, () => ({
    type: 'int32',
    shape: [samples * rows.count * columns.count, rows.size * columns.size],
    data: pixelsMet(samples, windows),
  }));
  return graph.node('Gather', [all, met], { axis: 0 });
}

/** Which pixels each window meets, place by place; the number of all pixels for what is outside. */
function pixelsMet(samples: number, [rows, columns]: Windows): Int32Array {
  const size = rows.size * columns.size;
  const count = samples * rows.count * columns.count * size;
  return Int32Array.from({ length: count }, (_, index) => {
    const [place, tap] = [Math.floor(index / size), index % size];
    const column = place % columns.count;
    const row = Math.floor(place / columns.count) % rows.count;
    const sample = Math.floor(place / columns.count / rows.count);
    const down = row * rows.stride + Math.floor(tap / columns.size) * rows.dilation - rows.before;
    const across =
      column * columns.stride + (tap % columns.size) * columns.dilation - columns.before;
    const isInside = down >= 0 && down < rows.length && across >= 0 && across < columns.length;
    return isInside
      ? (sample * rows.length + down) * columns.length + across
      : samples * rows.length * columns.length;
  });
}
