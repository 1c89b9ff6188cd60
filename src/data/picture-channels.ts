import { DataError } from './data-error.ts';
import type { Picture } from './image-file.ts';

/**
 * Brings a picture to the channels that the model takes: 1 grey, 3 RGB, 4 RGB and alpha.
 *
 * Grey becomes RGB by repetition. RGB becomes grey by the luma of ITU-R BT.601 with the rounding of
 * Pillow, so that data agree with those of Keras and torchvision. Alpha that is opaque everywhere is
 * dropped; a picture with transparent pixels is refused, since what lies behind it is not known.
 *
 * @returns values in 0 to 255, `[height, width, channels]`
 * @throws DataError `data/transparent`
 */
export function withChannels(picture: Picture, channels: 1 | 3 | 4, file: string): Float32Array {
  const pixels = picture.width * picture.height;
  const result = new Float32Array(pixels * channels);
  const isColour = picture.channels >= 3;
  const hasAlpha = picture.channels % 2 === 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * picture.channels;
    const red = picture.values[from] as number;
    const green = isColour ? (picture.values[from + 1] as number) : red;
    const blue = isColour ? (picture.values[from + 2] as number) : red;
    const alpha = hasAlpha ? (picture.values[from + picture.channels - 1] as number) : 255;
    if (channels !== 4 && alpha !== 255) throw transparent(file);

    const to = pixel * channels;
    if (channels === 1) {
      result[to] = isColour ? luma(red, green, blue) : red;
      continue;
    }
    result[to] = red;
    result[to + 1] = green;
    result[to + 2] = blue;
    if (channels === 4) result[to + 3] = alpha;
  }
  return result;
}

/** Pillow computes 0.299 R + 0.587 G + 0.114 B in 1/65536 and rounds. */
function luma(red: number, green: number, blue: number): number {
  return Math.floor((red * 19595 + green * 38470 + blue * 7471 + 0x8000) / 0x10000);
}

function transparent(file: string): DataError {
  return new DataError('data/transparent', 'The picture has transparent pixels.', {
    place: { file },
    remedy: 'Put it on the background that the model was trained with, and save it without alpha.',
  });
}
