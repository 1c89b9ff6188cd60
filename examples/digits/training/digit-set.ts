import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensor4d, type Tensor4D } from '@tensorflow/tfjs-core';

/** Height and width of a digit in pixels. */
export const digitSize = 28;
const pixelsPerDigit = digitSize * digitSize;

/** Bytes before the data in an IDX file: the magic number and one 32-bit length for each axis. */
const imageHeaderBytes = 16;
const labelHeaderBytes = 8;

/** One split of MNIST in memory, as it is stored. */
export interface DigitSet {
  readonly count: number;
  /** `count` × 28 × 28 grey values, 0 (background) to 255. */
  readonly pixels: Uint8Array;
  /** The digit that each image shows, 0 to 9. */
  readonly labels: Uint8Array;
}

/**
 * Reads a split that `prepare-data.mjs` has put into `folder`; the script has checked the bytes.
 *
 * @param split `train` has 60,000 digits, `t10k` the 10,000 test digits
 */
export function readDigitSet(folder: string, split: 'train' | 't10k'): DigitSet {
  const pixels = readFileSync(join(folder, `${split}-images-idx3-ubyte`)).subarray(
    imageHeaderBytes,
  );
  const labels = readFileSync(join(folder, `${split}-labels-idx1-ubyte`)).subarray(
    labelHeaderBytes,
  );
  return { count: labels.length, pixels, labels };
}

/** The digits `start` to `end` (exclusive) of a set. */
export function sliceDigits(digits: DigitSet, start: number, end: number): DigitSet {
  const labels = digits.labels.subarray(start, end);
  const pixels = digits.pixels.subarray(start * pixelsPerDigit, end * pixelsPerDigit);
  return { count: labels.length, pixels, labels };
}

/** How far an image is moved, in pixels to the right and down; what comes in is background. */
export interface Shift {
  readonly right: number;
  readonly down: number;
}

/**
 * The images at `indices` as inputs of a model.
 *
 * @param shiftOf how far each image is moved; without it none is
 * @returns `[batch, 28, 28, 1]` in [0, 1]
 */
export function imageTensor(
  digits: DigitSet,
  indices: ArrayLike<number>,
  shiftOf: (index: number) => Shift = () => ({ right: 0, down: 0 }),
): Tensor4D {
  const values = new Float32Array(indices.length * pixelsPerDigit);
  Array.from(indices).forEach((index, position) => {
    const image = digits.pixels.subarray(index * pixelsPerDigit, (index + 1) * pixelsPerDigit);
    const target = values.subarray(position * pixelsPerDigit, (position + 1) * pixelsPerDigit);
    drawShifted(image, target, shiftOf(index));
  });
  return tensor4d(values, [indices.length, digitSize, digitSize, 1]);
}

/** Draws an image of bytes into an empty image in [0, 1]; what leaves the frame is lost. */
function drawShifted(image: Uint8Array, target: Float32Array, { right, down }: Shift): void {
  for (let row = Math.max(0, down); row < digitSize + Math.min(0, down); row++) {
    for (let column = Math.max(0, right); column < digitSize + Math.min(0, right); column++) {
      const source = (row - down) * digitSize + (column - right);
      target[row * digitSize + column] = (image[source] as number) / 255;
    }
  }
}

/** The labels at `indices`. */
export function labelsAt(digits: DigitSet, indices: ArrayLike<number>): Int32Array {
  return Int32Array.from(indices, index => digits.labels[index] as number);
}
