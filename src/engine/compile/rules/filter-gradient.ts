import { sizeOf } from '../../../arrays/batch.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import type { Windows } from './windows.ts';

/** With fewer input channels the products are too narrow to be fast. */
const leastChannels = 16;

/** Images and gradients that are read once for each tap should stay in the processor's cache. */
const cacheBytes = 4 * 2 ** 20;

/**
 * Whether {@link filterGradientByTaps} is faster than a convolution whose filter is the gradient.
 * It is measured to be where windows lie side by side; picking every second number costs more.
 */
export function isFilterGradientByTaps(x: Value, windows: Windows): boolean {
  const channels = x.shape[3] as number;
  return channels >= leastChannels && windows.every(({ stride }) => stride === 1);
}

/**
 * The gradient of a convolution's filter, `[height, width, in, out]`, one product of matrices for
 * each tap: dw[k] = Σ x[n, o + k − p]ᵀ · dy[n, o] over all samples n and places o. The batch is taken
 * in parts that fit in the cache.
 */
export function filterGradientByTaps(
  lowering: Lowering,
  x: Value,
  dy: Value,
  [rows, columns]: Windows,
): string {
  const { graph, placements } = lowering;
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const outputs = dy.shape[3] as number;
  const places = rows.count * columns.count;
  const image = graph.padWithZeros(
    placements.natural(x),
    [0, rows.before, columns.before, 0],
    [0, Math.max(0, rows.after), Math.max(0, columns.after), 0],
  );
  const gradient = placements.natural(dy);
  const bytes = 4 * (sizeOf(x.shape) + sizeOf(dy.shape));
  const samples = Math.ceil(batch / Math.ceil(bytes / cacheBytes));

  const parts: string[] = [];
  for (let start = 0; start < batch; start += samples) {
    const end = Math.min(batch, start + samples);
    const isWhole = end - start === batch;
    const partOf = (name: string): string =>
      isWhole ? name : graph.slice(name, [start], [end], [0]);
    const images = partOf(image);
    const right = graph.reshape(partOf(gradient), [(end - start) * places, outputs]);
    const taps = tapsOf([rows, columns]).map(([row, column]) => {
      const ends = [row + rows.count, column + columns.count];
      const shifted = graph.slice(images, [row, column], ends, [1, 2]);
      const left = graph.reshape(shifted, [(end - start) * places, channels]);
      return graph.node('Gemm', [left, right], { transA: 1 });
    });
    parts.push(graph.node('Concat', taps, { axis: 0 }));
  }
  const [first = ''] = parts;
  const sum = parts.length === 1 ? first : graph.node('Sum', parts);
  return graph.reshape(sum, [rows.size, columns.size, channels, outputs]);
}

/** Where the numbers of a window are, row by row. */
function tapsOf([rows, columns]: Windows): (readonly [number, number])[] {
  return Array.from({ length: rows.size * columns.size }, (_, tap) => [
    Math.floor(tap / columns.size) * rows.dilation,
    (tap % columns.size) * columns.dilation,
  ]);
}
