import type { Bounds } from '../model/classifier.ts';
import type { Random } from '../random/random.ts';
import {
  drawWindow,
  forEachPixel,
  pictureSize,
  type PictureSize,
  type SquareMoves,
} from './square-moves.ts';

/** Every number is at ε above or below its clean value; a move sets a window of each channel anew. */
export class SquareMovesLinf implements SquareMoves {
  readonly #picture: PictureSize;
  readonly #bounds: Bounds;
  readonly #epsilon: number;

  constructor(shape: readonly number[], bounds: Bounds, epsilon: number) {
    this.#picture = pictureSize(shape);
    this.#bounds = bounds;
    this.#epsilon = epsilon;
  }

  /** Vertical stripes of one pixel, up or down by chance in each channel. */
  start(random: Random, clean: Float32Array, point: Float32Array): void {
    const { width, channels } = this.#picture;
    const stripes = Float64Array.from({ length: width * channels }, () => random.sign());
    for (let i = 0; i < point.length; i++) {
      point[i] = this.#shifted(clean[i] as number, stripes[i % stripes.length] as number);
    }
  }

  propose(
    random: Random,
    area: number,
    clean: Float32Array,
    best: Float32Array,
    point: Float32Array,
  ): void {
    const { channels } = this.#picture;
    const window = drawWindow(random, this.#picture, area, 1);
    const signs = Float64Array.from({ length: channels }, () => random.sign());
    point.set(best);
    forEachPixel(this.#picture, window, (_, pixel) => {
      for (let channel = 0; channel < channels; channel++) {
        const i = pixel * channels + channel;
        point[i] = this.#shifted(clean[i] as number, signs[channel] as number);
      }
    });
  }

  #shifted(value: number, sign: number): number {
    const { lower, upper } = this.#bounds;
    return Math.min(Math.max(value + sign * this.#epsilon, lower), upper);
  }
}
