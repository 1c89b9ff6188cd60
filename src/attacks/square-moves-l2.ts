import type { Bounds } from '../model/classifier.ts';
import type { Random } from '../random/random.ts';
import { displaceWithin } from './box.ts';
import { lengthOf } from './norms.ts';
import {
  drawWindow,
  forEachPixel,
  pictureSize,
  type PictureSize,
  type PictureWindow,
  type SquareMoves,
} from './square-moves.ts';

/** Windows need this side for the two halves of a bump. */
const SMALLEST_SIDE = 3;
/** The first point is a mosaic of this many bumps along each side. */
const MOSAIC = 5;

/**
 * The whole perturbation has length ε. A move takes what a second window holds, gives it to a first
 * one, and turns that towards a bump: a hill next to a valley, highest in the middle.
 */
export class SquareMovesL2 implements SquareMoves {
  readonly #picture: PictureSize;
  readonly #bounds: Bounds;
  readonly #epsilon: number;
  readonly #perturbation: Float64Array;

  constructor(shape: readonly number[], bounds: Bounds, epsilon: number) {
    this.#picture = pictureSize(shape);
    this.#bounds = bounds;
    this.#epsilon = epsilon;
    const { height, width, channels } = this.#picture;
    this.#perturbation = new Float64Array(height * width * channels);
  }

  /** A mosaic of bumps, each up or down by chance in each channel. */
  start(random: Random, clean: Float32Array, point: Float32Array): void {
    const { height, width, channels } = this.#picture;
    const perturbation = this.#perturbation.fill(0);
    const rows = Math.max(Math.floor(height / MOSAIC), 1);
    const columns = Math.max(Math.floor(width / MOSAIC), 1);
    for (let top = 0; top + rows <= height; top += rows) {
      for (let left = 0; left + columns <= width; left += columns) {
        const tile = { top, left, height: rows, width: columns };
        const bump = drawBump(random, tile);
        const signs = Float64Array.from({ length: channels }, () => random.sign());
        forEachPixel(this.#picture, tile, (inTile, pixel) => {
          signs.forEach((sign, channel) => {
            perturbation[pixel * channels + channel] = sign * (bump[inTile] as number);
          });
        });
      }
    }
    this.#write(clean, point);
  }

  propose(
    random: Random,
    area: number,
    clean: Float32Array,
    best: Float32Array,
    point: Float32Array,
  ): void {
    const { channels } = this.#picture;
    const perturbation = this.#perturbation;
    for (let i = 0; i < best.length; i++) {
      perturbation[i] = (best[i] as number) - (clean[i] as number);
    }
    const receiver = drawWindow(random, this.#picture, area, SMALLEST_SIDE);
    const giver = drawWindow(random, this.#picture, area, SMALLEST_SIDE);
    const bump = drawBump(random, receiver);
    const unused = Math.max(this.#epsilon ** 2 - lengthOf(perturbation, 'L2') ** 2, 0);
    for (let channel = 0; channel < channels; channel++) {
      this.#moveMass(receiver, giver, channel, bump, random.sign(), unused / channels);
    }
    this.#write(clean, point);
  }

  /** Empties `giver` and fills `receiver`, in one channel; squared length is kept, plus `unused`. */
  #moveMass(
    receiver: PictureWindow,
    giver: PictureWindow,
    channel: number,
    bump: Float64Array,
    sign: number,
    unused: number,
  ): void {
    const before = this.#readWindow(receiver, channel);
    const length = lengthOf(before, 'L2');
    const mixed = before.map((value, i) => {
      const kept = length === 0 ? 0 : value / length;
      return kept + sign * (bump[i] as number);
    });
    const held = length ** 2 + this.#emptyOutside(giver, receiver, channel);
    const mixedLength = lengthOf(mixed, 'L2');
    const scale = mixedLength === 0 ? 0 : Math.sqrt(held + unused) / mixedLength;
    forEachPixel(this.#picture, receiver, (inWindow, pixel) => {
      this.#perturbation[this.#index(pixel, channel)] = scale * (mixed[inWindow] as number);
    });
  }

  #readWindow(window: PictureWindow, channel: number): Float64Array {
    const values = new Float64Array(window.height * window.width);
    forEachPixel(this.#picture, window, (inWindow, pixel) => {
      values[inWindow] = this.#perturbation[this.#index(pixel, channel)] as number;
    });
    return values;
  }

  /** Sets `giver` to zero where it is outside `receiver`; returns the squared length that was there. */
  #emptyOutside(giver: PictureWindow, receiver: PictureWindow, channel: number): number {
    const { width } = this.#picture;
    let squared = 0;
    forEachPixel(this.#picture, giver, (_, pixel) => {
      if (contains(receiver, Math.floor(pixel / width), pixel % width)) return;
      const i = this.#index(pixel, channel);
      squared += (this.#perturbation[i] as number) ** 2;
      this.#perturbation[i] = 0;
    });
    return squared;
  }

  #index(pixel: number, channel: number): number {
    return pixel * this.#picture.channels + channel;
  }

  /** Writes the clean picture plus the perturbation at length ε, clipped to the box. */
  #write(clean: Float32Array, point: Float32Array): void {
    const length = lengthOf(this.#perturbation, 'L2');
    const scale = length === 0 ? 0 : this.#epsilon / length;
    displaceWithin(this.#bounds, clean, this.#perturbation, scale, point);
  }
}

function contains(window: PictureWindow, row: number, column: number): boolean {
  return (
    row >= window.top &&
    row < window.top + window.height &&
    column >= window.left &&
    column < window.left + window.width
  );
}

/** A hill and a valley side by side, or one above the other, of squared length 1. */
function drawBump(random: Random, { height, width }: PictureWindow): Float64Array {
  const isStacked = height > 1 && (width === 1 || random.sign() === 1);
  const length = isStacked ? height : width;
  const half = Math.floor(length / 2);
  const bump = new Float64Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const along = isStacked ? row : column;
      const isHill = along < half;
      const size = isHill ? half : length - half;
      const place = isHill ? along : along - half;
      bump[row * width + column] =
        (isHill ? 1 : -1) * hill(place, size, isStacked ? column : row, isStacked ? width : height);
    }
  }
  const norm = lengthOf(bump, 'L2');
  return bump.map(value => value / norm);
}

/** Height of a pyramid over a rectangle: rings around the middle add 1/k² for each that is reached. */
function hill(row: number, height: number, column: number, width: number): number {
  const middleRow = Math.floor(height / 2);
  const middleColumn = Math.floor(width / 2);
  const ring = Math.max(Math.abs(row - middleRow), Math.abs(column - middleColumn));
  let sum = 0;
  for (let k = ring; k <= Math.max(middleRow, middleColumn); k++) sum += 1 / (k + 1) ** 2;
  return sum;
}
