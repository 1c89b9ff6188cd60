import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { filterGradientInBlocks } from './filter-gradient-in-blocks.ts';
import { metByWindows, onePlace } from './met-by-windows.ts';
import { type Part, partsOf, takePart } from './parts.ts';
import type { Windows } from './windows.ts';

/** With fewer input channels, picking them costs more than the product saves. */
const leastChannels = 16;

/** What the windows of a part of the batch meet is written once and read once: in the cache. */
const cacheBytes = 16 * 2 ** 20;

/**
 * The gradient of a convolution's filter, `[height, width, in, out]`, as a product of matrices:
 * dw[k] = Σ x[n, o · stride + k − before]ᵀ · dy[n, o] over all samples n and places o. One matrix has
 * for each place all that its window meets; the batch is taken in parts whose matrices fit in the
 * cache. Whole blocks of samples take another way, see {@link filterGradientInBlocks}.
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
  const size = rows.size * columns.size;
  if (channels < leastChannels && size > 1) return undefined;

  const inBlocks = block === undefined || outputs % block !== 0 ? 0 : batch - (batch % block);
  const summands: string[] = [];
  if (inBlocks < batch) {
    const rest = { start: inBlocks, end: batch };
    const sampleBytes = 4 * rows.count * columns.count * size * channels;
    summands.push(
      ...partsOf(rest, cacheBytes / sampleBytes).map(part =>
        productOf(lowering, x, dy, windows, part),
      ),
    );
  }
  if (inBlocks > 0) summands.push(filterGradientInBlocks(lowering, x, dy, windows, inBlocks));
  const sum = summands.length === 1 ? (summands[0] as string) : graph.node('Sum', summands);
  return graph.reshape(sum, [rows.size, columns.size, channels, outputs]);
}

/** What a part contributes, `[window · in, out]`. */
function productOf(
  { graph, placements }: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
  part: Part,
): string {
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number];
  const samples = part.end - part.start;
  const [image, gradient] = [x, dy].map(value =>
    takePart(graph, placements.natural(value), part, batch),
  ) as [string, string];
  const channels = x.shape[3] as number;
  const images = { name: image, count: samples, pieces: 1, numbers: channels };
  const met = metByWindows(graph, images, windows, onePlace);
  const places = samples * height * width;
  const column = windows.reduce((product, { size }) => product * size, channels);
  const left = graph.reshape(met, [places, column]);
  const right = graph.reshape(gradient, [places, outputs]);
  // A product with more columns than rows is divided between threads in a way that shows in its bits.
  return column >= outputs
    ? graph.node('Gemm', [left, right], { transA: 1 })
    : graph.transpose(graph.node('Gemm', [right, left], { transA: 1 }), [1, 0]);
}
