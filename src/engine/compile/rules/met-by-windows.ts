import type { GraphBuilder } from '../graph-builder.ts';
import type { OnnxTensor } from '../onnx.ts';
import type { WindowAxis, Windows } from './windows.ts';

/** A rectangle of places whose windows are taken together: how many rows and columns of them. */
export type Group = readonly [number, number];

/** Each place by itself. */
export const onePlace: Group = [1, 1];

/** Images `[count, pieces, height, width, numbers]` in memory. */
export interface Images {
  readonly name: string;
  readonly count: number;
  /** Parts of the channels that lie one behind the other. */
  readonly pieces: number;
  /** How many numbers lie side by side at a pixel of a piece. */
  readonly numbers: number;
}

/**
 * What the windows of each group of places meet, `[groups, rows, columns, pieces, numbers]` in memory,
 * image by image, with zeros around an image. What several windows of a group meet is there once.
 */
export function metByWindows(
  graph: GraphBuilder,
  images: Images,
  windows: Windows,
  group: Group,
): string {
  const { name, count, pieces, numbers } = images;
  const [rows, columns] = windows;
  const pixels = graph.reshape(name, [count * pieces * rows.length * columns.length, numbers]);
  if (pieces === 1 && group === onePlace && windows.every(isEachPlace)) return pixels;
  // One more pixel stands for what is around the images.
  const reachesOut = windows.some(({ before, after }) => before > 0 || after > 0);
  const all = reachesOut ? graph.padWithZeros(pixels, [0, 0], [1, 0]) : pixels;
  const key = JSON.stringify([count, pieces, windows, group]);
  const met = graph.constant(`pixels met ${key}`, () => pixelsMet(images, windows, group));
  return graph.node('Gather', [all, met], { axis: 0 });
}

/** Places along an axis that the windows of `count` places side by side meet, from the first on. */
export function reachOf({ size, stride, dilation }: WindowAxis, count: number): readonly number[] {
  // With gaps in a window only those of a single place are taken.
  const length = (count - 1) * stride + size;
  return Array.from({ length }, (_, index) => index * dilation);
}

function isEachPlace({ length, count, size, stride, before }: WindowAxis): boolean {
  return size === 1 && stride === 1 && before === 0 && count === length;
}

/** Which pixels of all images they are; the one behind the last for what is outside. */
function pixelsMet(
  { count, pieces }: Images,
  [rows, columns]: Windows,
  [down, across]: Group,
): OnnxTensor {
  const met: number[] = [];
  const outside = count * pieces * rows.length * columns.length;
  const [tall, wide] = [reachOf(rows, down), reachOf(columns, across)];
  for (let image = 0; image < count; image++) {
    for (let top = 0; top < rows.count; top += down) {
      for (let left = 0; left < columns.count; left += across) {
        for (const below of tall) {
          const row = top * rows.stride + below - rows.before;
          for (const beside of wide) {
            const column = left * columns.stride + beside - columns.before;
            const isInside =
              row >= 0 && row < rows.length && column >= 0 && column < columns.length;
            for (let piece = 0; piece < pieces; piece++) {
              const above = (image * pieces + piece) * rows.length + row;
              met.push(isInside ? above * columns.length + column : outside);
            }
          }
        }
      }
    }
  }
  return { type: 'int32', shape: [met.length], data: Int32Array.from(met) };
}
