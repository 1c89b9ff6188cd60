import { blocksDomain } from '../channel-blocks.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { type Group, type Images, metByWindows, onePlace, reachOf } from './met-by-windows.ts';
import { takePart } from './parts.ts';
import type { WindowAxis, Windows } from './windows.ts';

/** What a part of the batch reads should stay in the cache. */
const cacheBytes = 6 * 2 ** 20;

/** With more places in a group, what they add to its filter leaves the fast part of the cache. */
const mostPlaces = 128;

/**
 * The gradient of a convolution's filter over the first samples of a batch, which fill blocks. It is
 * itself a convolution in blocks: its channels are the samples at all groups of places; its image has
 * what the windows of a group meet, row by row, the channels of `x` side by side; its filter is the
 * gradient of the result in a group, and a step along the filter leads from place to place. Parts of
 * the batch are groups of channels, whose results are added.
 *
 * @param dy its channels fill blocks
 * @param samples how many; they fill blocks
 * @returns `[window · in, out]`
 */
export function filterGradientInBlocks(
  lowering: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
  samples: number,
): string {
  const { graph, channelBlock: block = 1 } = lowering;
  const [rows, columns] = windows;
  const [channels, outputs] = [x.shape[3] as number, dy.shape[3] as number];
  const group = groupOf(windows);
  const sampleBytes =
    4 * rows.count * columns.count * (channels * metByPlace(windows, group) + outputs);
  const parts = partCount(samples / block, cacheBytes / (block * sampleBytes));

  const image = imageOf(lowering, x, windows, group, samples);
  const filter = filterOf(lowering, dy, group, samples, parts);
  const products = graph.node(
    'Conv',
    [image, filter],
    {
      kernel_shape: group,
      strides: [1, 1],
      dilations: [rows.stride, columns.stride * channels],
      pads: [0, 0, 0, 0],
      group: parts,
    },
    blocksDomain,
  );
  const numbers = rows.size * columns.size * channels;
  const parted = graph.reshape(products, [parts, outputs, 1, numbers]);
  const sum =
    parts === 1 ? parted : graph.node('ReduceSum', [parted, graph.integers([0])], { keepdims: 1 });
  const options = { channels: outputs, channels_last: 1 };
  const natural = graph.node('ReorderOutput', [sum], options, blocksDomain);
  return graph.reshape(natural, [numbers, outputs]);
}

/** The fewest parts of the same number of blocks, at most `most` blocks in each if it can be. */
function partCount(blocks: number, most: number): number {
  for (let parts = 1; parts < blocks; parts++) {
    if (blocks % parts === 0 && blocks / parts <= most) return parts;
  }
  return blocks;
}

/** What the windows of groups meet, `[1, samples · groups, rows, columns · channels]` in blocks of samples. */
function imageOf(
  lowering: Lowering,
  x: Value,
  windows: Windows,
  group: Group,
  samples: number,
): string {
  const { graph } = lowering;
  const [rows, columns] = windows;
  const [down, across] = group;
  const met = metByWindows(graph, sampleBlocks(lowering, x, samples), windows, group);
  return graph.reshape(met, [
    1,
    (samples * rows.count * columns.count) / (down * across),
    reachOf(rows, down).length,
    reachOf(columns, across).length * (x.shape[3] as number),
  ]);
}

/** Images of blocks of samples, the samples of a block side by side at each pixel. */
function sampleBlocks(lowering: Lowering, x: Value, samples: number): Images {
  const { graph, channelBlock: block = 1 } = lowering;
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const { isBlocked, name } = firstSamples(lowering, x, samples);
  const flat = graph.reshape(name, [1, samples, 1, height * width * channels]);
  const pieces = isBlocked ? channels / block : 1;
  return {
    name: graph.node('ReorderInput', [flat], {}, blocksDomain),
    count: samples / block,
    pieces,
    numbers: (channels / pieces) * block,
  };
}

/** The gradient of the result as a filter, `[parts · out, samples / parts · groups, rows, columns]` in blocks. */
function filterOf(
  lowering: Lowering,
  dy: Value,
  [down, across]: Group,
  samples: number,
  parts: number,
): string {
  const { graph, channelBlock: block = 1 } = lowering;
  const [, height, width, outputs] = dy.shape as [number, number, number, number];
  const places = [height / down, down, width / across, across];
  const sampleParts = [parts, samples / block / parts, block];
  const outputBlocks = outputs / block;
  const { isBlocked, name } = firstSamples(lowering, dy, samples);
  const filter = isBlocked
    ? graph.transpose(
        graph.reshape(name, [...sampleParts, outputBlocks, ...places, block]),
        [0, 3, 1, 4, 6, 5, 7, 2, 8],
      )
    : graph.transpose(
        graph.reshape(name, [...sampleParts, ...places, outputBlocks, block]),
        [0, 7, 1, 3, 5, 4, 6, 2, 8],
      );
  const depth = ((samples / parts) * height * width) / (down * across);
  return graph.reshape(filter, [parts * outputs, depth, down, across]);
}

/** The first samples of an image: in blocks of channels where it is at hand only so. */
function firstSamples(
  { graph, placements }: Lowering,
  image: Value,
  samples: number,
): { readonly isBlocked: boolean; readonly name: string } {
  const isBlocked = placements.isBlocked(image);
  const whole = isBlocked ? placements.blocked(image) : placements.natural(image);
  const part = { start: 0, end: samples };
  return { isBlocked, name: takePart(graph, whole, part, image.shape[0] as number) };
}

/** Groups whose places share the most of what their windows meet. */
function groupOf(windows: Windows): Group {
  const [rows, columns] = windows;
  let best = onePlace;
  for (const down of groupLengths(rows)) {
    for (const across of groupLengths(columns)) {
      const group: Group = [down, across];
      if (down * across > mostPlaces) continue;
      if (metByPlace(windows, group) < metByPlace(windows, best)) best = group;
    }
  }
  return best;
}

/** Pixels that the windows of a group meet, for each of its places. */
function metByPlace([rows, columns]: Windows, [down, across]: Group): number {
  const pixels = reachOf(rows, down).length * reachOf(columns, across).length;
  return pixels / (down * across);
}

/** Into how many windows side by side those along an axis can be divided. */
function groupLengths({ count, dilation }: WindowAxis): readonly number[] {
  if (dilation > 1) return [1];
  return Array.from({ length: count }, (_, index) => index + 1).filter(n => count % n === 0);
}
