import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  digitSize,
  imageTensor,
  labelsAt,
  sliceDigits,
  type DigitSet,
} from '../../examples/digits/training/digit-set.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const pixelsPerDigit = digitSize * digitSize;

/** Three images of which every pixel has another value than its neighbours. */
const digits: DigitSet = {
  count: 3,
  pixels: Uint8Array.from({ length: 3 * pixelsPerDigit }, (_, i) => 1 + ((i * 7) % 255)),
  labels: Uint8Array.of(4, 0, 9),
};

function values(index: number, right: number, down: number): Float32Array {
  return imageTensor(digits, [index], () => ({ right, down })).dataSync<'float32'>();
}

describe('digits as inputs', () => {
  beforeAll(async () => {
    await openEngine({ name: 'cpu' });
    await tf.setBackend('cpu');
  });

  test('are grey values in [0, 1], in the order asked for', () => {
    const images = imageTensor(digits, [2, 0]);
    expect(images.shape).toEqual([2, 28, 28, 1]);
    const found = images.dataSync();
    expect(found[0]).toBeCloseTo((digits.pixels[2 * pixelsPerDigit] as number) / 255, 6);
    expect(found[pixelsPerDigit + 5]).toBeCloseTo((digits.pixels[5] as number) / 255, 6);
    expect(Math.max(...found)).toBeLessThanOrEqual(1);
    expect(labelsAt(digits, [2, 0])).toEqual(Int32Array.of(9, 4));
  });

  test('a shift moves each pixel and fills with background', () => {
    const shift = fc.integer({ min: -3, max: 3 });
    const place = fc.integer({ min: 0, max: digitSize - 1 });
    const original = values(1, 0, 0);
    fc.assert(
      fc.property(shift, shift, place, place, (right, down, row, column) => {
        const inFrame = (at: number): boolean => at >= 0 && at < digitSize;
        const found = values(1, right, down)[row * digitSize + column];
        const from = [row - down, column - right] as const;
        const expected = from.every(inFrame) ? original[from[0] * digitSize + from[1]] : 0;
        expect(found).toBe(expected);
      }),
    );
  });

  test('a slice holds the same digits', () => {
    const slice = sliceDigits(digits, 1, 3);
    expect(slice.count).toBe(2);
    expect(Array.from(slice.labels)).toEqual([0, 9]);
    expect(imageTensor(slice, [1]).dataSync()).toEqual(values(2, 0, 0));
  });
});
