import { readFile } from 'node:fs/promises';
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { DataError } from './data-error.ts';
import { requireFile } from './data-file.ts';

/** A decoded picture, row by row, channels last, in 0 to 255 (fractions where it had 16 bits). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: number;
  readonly values: Float32Array;
}

/** Larger pictures are refused before memory is taken for them. */
const maximumMegapixels = 100;

/**
 * Reads a PNG or JPEG file. Orientation in the metadata of a JPEG is ignored, as by Keras. JPEG
 * decoders differ by one or two levels in 255, since the standard leaves rounding open.
 *
 * @throws DataError `data/not-found`, `data/not-downloaded`, `data/corrupt`
 */
export async function readPicture(path: string): Promise<Picture> {
  await requireFile(path);
  const bytes = await readFile(path);
  const isPng = bytes.subarray(0, 4).toString('latin1') === '\x89PNG';
  try {
    return isPng ? readPng(bytes) : readJpeg(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(
      'data/corrupt',
      `The picture cannot be decoded as ${isPng ? 'PNG' : 'JPEG'}: ${reason}.`,
      { place: { file: path }, remedy: 'Replace or remove the file.', cause: error },
    );
  }
}

function readPng(bytes: Buffer): Picture {
  refuseHuge(bytes.readUInt32BE(16), bytes.readUInt32BE(20));
  const png = decodePng(bytes, { checkCrc: true });
  const { width, height, depth } = png;
  if (png.palette !== undefined) {
    return {
      width,
      height,
      channels: png.palette[0]?.length ?? 3,
      values: Float32Array.from(convertIndexedToRgb(png)),
    };
  }
  const samples = depth < 8 ? unpack(png.data, width, height, depth) : png.data;
  const opaque: Picture = {
    width,
    height,
    channels: png.channels,
    values: Float32Array.from(samples, value => (value / (2 ** depth - 1)) * 255),
  };
  return png.transparency === undefined
    ? opaque
    : withTransparentColour(opaque, samples, png.transparency);
}

/** Splits bytes into grey values of 1, 2 or 4 bits; every row begins at a byte. */
function unpack(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * rowBytes + (bit >> 3)] as number;
      result[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return result;
}

/** Adds the alpha channel of a PNG that declares one colour transparent. */
function withTransparentColour(
  picture: Picture,
  samples: ArrayLike<number>,
  colour: Uint16Array,
): Picture {
  const { width, height, channels, values } = picture;
  const result = new Float32Array(width * height * (channels + 1));
  for (let pixel = 0; pixel < width * height; pixel++) {
    let transparent = true;
    for (let channel = 0; channel < channels; channel++) {
      const from = pixel * channels + channel;
      result[pixel * (channels + 1) + channel] = values[from] as number;
      transparent &&= samples[from] === colour[channel];
    }
    result[pixel * (channels + 1) + channels] = transparent ? 0 : 255;
  }
  return { width, height, channels: channels + 1, values: result };
}

function readJpeg(bytes: Buffer): Picture {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: maximumMegapixels,
  });
  return { width, height, channels: 3, values: Float32Array.from(data) };
}

function refuseHuge(width: number, height: number): void {
  if (width * height <= maximumMegapixels * 1e6) return;
  throw new RangeError(`${width}×${height} pixels are more than ${maximumMegapixels} megapixels`);
}
