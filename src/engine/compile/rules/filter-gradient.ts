import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import type { Windows } from './windows.ts';

/** With fewer input channels, picking them costs more than the product saves. */
const leastChannels = 16;

/** What the windows of a part of the batch meet is written once and read once: in the cache. */
const cacheBytes = 16 * 2 ** 20;

/**
 * The gradient of a convolution's filter, `[height, width, in, out]`, as a product of matrices:
 * dw[k] = Σ x[n, o · stride + k − before]ᵀ · dy[n, o] over all samples n and places o. One matrix has
 * for each place all that its window meets; the batch is taken in parts whose matrices fit in the
 * cache.
 *
 * @returns nothing where a convolution whose filter is the gradient is faster
 */
export function filterGradientByProducts(
  lowering: Lowering,
  x: Value,
  dy: Value,
  windows: Windows,
): string | undefined {
  const { graph, placements } = lowering;
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const outputs = dy.shape[3] as number;
  const [rows, columns] = windows;
  const column = rows.size * columns.size * channels;
  const isPointwise = rows.size * columns.size === 1;
  if (channels < leastChannels && !isPointwise) return undefined;

  const places = rows.count * columns.count;
  const mostSamples = Math.max(1, Math.floor(cacheBytes / (4 * places * column)));
  const samples = Math.ceil(batch / Math.ceil(batch / mostSamples));
  const summands: string[] = [];
  for (let start = 0; start < batch; start += samples) {
    const end = Math.min(batch, start + samples);
    const part = (value: Value): string =>
      end - start === batch
        ? placements.natural(value)
        : graph.slice(placements.natural(value), [start], [end], [0]);
    const met = metByWindows(lowering, part(x), [end - start, channels], windows);
    const left = graph.reshape(met, [(end - start) * places, column]);
    const right = graph.reshape(part(dy), [(end - start) * places, outputs]);
    // A product with more columns than rows is divided between threads in a way that shows in its bits.
    summands.push(
      column >= outputs
        ? graph.node('Gemm', [left, right], { transA: 1 })
        : graph.transpose(graph.node('Gemm', [right, left], { transA: 1 }), [1, 0]),
    );
  }
  const [first = ''] = summands;
  const sum = summands.length === 1 ? first : graph.node('Sum', summands);
  return graph.reshape(sum, [rows.size, columns.size, channels, outputs]);
}

/**
 * For each window, the pixels that it meets, `[places, window, channels]`; zeros around the image.
 *
 * @param image in natural order
 */
function metByWindows(
  { graph }: Lowering,
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
