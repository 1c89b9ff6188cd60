import { sizeOf } from '../../../arrays/batch.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import type { Windows } from './windows.ts';

/** With fewer input channels the products of single taps are too narrow to be fast. */
const leastTapChannels = 16;

/** With more numbers in a column, making it takes longer than one large product saves. */
const mostColumnNumbers = 288;

/** Images and gradients that are read once for each tap should stay in the processor's cache. */
const tapCacheBytes = 4 * 2 ** 20;

/** The same of columns, which are written once and read once. */
const columnCacheBytes = 2 * 2 ** 20;

/**
 * The gradient of a convolution's filter, `[height, width, in, out]`, by products of matrices in the
 * way that is measured to be the fastest; nothing where a convolution whose filter is the gradient is
 * faster. Where windows do not lie side by side it is: picking every second number costs more than
 * products save.
 */
export function filterGradientByProducts(
  lowering: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
): string | undefined {
  const [channels, outputs] = [x.shape[3] as number, dy.shape[3] as number];
  const taps = tapsOf(windows).length;
  const column = taps * channels;
  if (!windows.every(({ stride }) => stride === 1)) return undefined;
  // A product with more columns than rows is divided between threads in a way that shows in its bits.
  if (taps > 1 && column >= outputs && column <= mostColumnNumbers) {
    return productOfColumns(lowering, x, dy, windows);
  }
  return channels >= leastTapChannels ? productsOfTaps(lowering, x, dy, windows) : undefined;
}

/**
 * One product for each tap: dw[k] = Σ x[n, o + k − p]ᵀ · dy[n, o] over all samples n and places o. The batch is taken
 * in parts that fit in the cache.
 */
function productsOfTaps(lowering: Lowering, x: Value, dy: Value, [rows, columns]: Windows): string {
  const { graph, placements } = lowering;
  const channels = x.shape[3] as number;
  const outputs = dy.shape[3] as number;
  const places = rows.count * columns.count;
  const image = graph.padWithZeros(
    placements.natural(x),
    [0, rows.before, columns.before, 0],
    [0, Math.max(0, rows.after), Math.max(0, columns.after), 0],
  );
  const bytes = 4 * (sizeOf(x.shape) + sizeOf(dy.shape));
  const sum = sumOfParts(lowering, dy, Math.ceil(bytes / tapCacheBytes), (start, end, right) => {
    const taps = tapsOf([rows, columns]).map(([row, column]) => {
      const ends = [end, row + rows.count, column + columns.count];
      const shifted = graph.slice(image, [start, row, column], ends, [0, 1, 2]);
      const left = graph.reshape(shifted, [(end - start) * places, channels]);
      return graph.node('Gemm', [left, right], { transA: 1 });
    });
    return graph.node('Concat', taps, { axis: 0 });
  });
  return graph.reshape(sum, [rows.size, columns.size, channels, outputs]);
}

/**
 * The same as one product: below each other are written, for each tap and channel, the numbers that
 * the tap meets at all places (the columns of "im2col"), and multiplied by dy.
 */
function productOfColumns(
  lowering: Lowering,
  x: Value,
  dy: Value,
  [rows, columns]: Windows,
): string {
  const { graph, placements } = lowering;
  const channels = x.shape[3] as number;
  const outputs = dy.shape[3] as number;
  const places = rows.count * columns.count;
  const taps = tapsOf([rows, columns]);
  // One channel after the other, each of all samples.
  const image = graph.padWithZeros(
    graph.transpose(placements.channelsFirst(x), [1, 0, 2, 3]),
    [0, 0, rows.before, columns.before],
    [0, 0, Math.max(0, rows.after), Math.max(0, columns.after)],
  );
  const batch = dy.shape[0] as number;
  const bytes = 4 * batch * places * taps.length * channels;
  const sum = sumOfParts(lowering, dy, Math.ceil(bytes / columnCacheBytes), (start, end, right) => {
    const met = taps.map(([row, column]) => {
      const ends = [end, row + rows.count, column + columns.count];
      const shifted = graph.slice(image, [start, row, column], ends, [1, 2, 3]);
      return graph.reshape(shifted, [channels, (end - start) * places]);
    });
    return graph.node('Gemm', [graph.node('Concat', met, { axis: 0 }), right]);
  });
  return graph.reshape(sum, [rows.size, columns.size, channels, outputs]);
}

/**
 * Adds up what `build` makes of parts of the batch, given where a part starts and ends and its
 * gradients `[places, out]`.
 */
function sumOfParts(
  { graph, placements }: Lowering,
  dy: Value,
  parts: number,
  build: (start: number, end: number, gradients: string) => string,
): string {
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number];
  const gradient = placements.natural(dy);
  const samples = Math.ceil(batch / parts);
  const summands: string[] = [];
  for (let start = 0; start < batch; start += samples) {
    const end = Math.min(batch, start + samples);
    const part = end - start === batch ? gradient : graph.slice(gradient, [start], [end], [0]);
    const matrix = graph.reshape(part, [(end - start) * height * width, outputs]);
    summands.push(build(start, end, matrix));
  }
  const [first = ''] = summands;
  return summands.length === 1 ? first : graph.node('Sum', summands);
}

/** Where the numbers of a window are, row by row. */
function tapsOf([rows, columns]: Windows): (readonly [number, number])[] {
  return Array.from({ length: rows.size * columns.size }, (_, tap) => [
    Math.floor(tap / columns.size) * rows.dilation,
    (tap % columns.size) * columns.dilation,
  ]);
}
