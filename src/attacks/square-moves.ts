import type { Random } from '../random/random.ts';

/** How the square attack changes a picture, for one norm. */
export interface SquareMoves {
  /** Writes the first point to try. */
  start(random: Random, clean: Float32Array, point: Float32Array): void;
  /**
   * Writes a change of the best point so far.
   *
   * @param area part of the picture that the changed window covers
   */
  propose(
    random: Random,
    area: number,
    clean: Float32Array,
    best: Float32Array,
    point: Float32Array,
  ): void;
}

/** A picture as rows, columns and channels, whatever the shape of the input is. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A rectangle of pixels. */
export interface PictureWindow {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** `[height, width, channels]` as it is, `[height, width]` with one channel, `[features]` as one row. */
export function pictureSize(shape: readonly number[]): PictureSize {
  const [first = 1, second, third] = shape;
  if (second === undefined) return { height: 1, width: first, channels: 1 };
  return { height: first, width: second, channels: third ?? 1 };
}

/**
 * A window of about this part of the picture at a random place: a square, or a stretch where the
 * picture has one row only.
 *
 * @param smallest least length of a side, where the picture is as large
 */
export function drawWindow(
  random: Random,
  { height, width }: PictureSize,
  area: number,
  smallest: number,
): PictureWindow {
  const side =
    height === 1 ? Math.round(area * width) : Math.round(Math.sqrt(area * height * width));
  const rows = Math.min(Math.max(side, smallest), height);
  const columns = Math.min(Math.max(side, smallest), width);
  return {
    top: random.integer(height - rows + 1),
    left: random.integer(width - columns + 1),
    height: rows,
    width: columns,
  };
}

/** Calls `visit` for each pixel of a window with its place in the window and in the picture. */
export function forEachPixel(
  picture: PictureSize,
  window: PictureWindow,
  visit: (pixelInWindow: number, pixelInPicture: number) => void,
): void {
  let inWindow = 0;
  for (let row = 0; row < window.height; row++) {
    const start = (window.top + row) * picture.width + window.left;
    for (let column = 0; column < window.width; column++) visit(inWindow++, start + column);
  }
}
