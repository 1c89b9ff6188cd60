import { encode } from 'fast-png';
import { Batch } from '../arrays/batch.ts';
import { digitHeight, digitWidth, drawNumber } from './digit-font.ts';

/** Lowest and highest value of a sample, which become black and white. */
export interface PictureBounds {
  readonly lower: number;
  readonly upper: number;
}

/** One picture of a sheet: RGB, three bytes a pixel. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Number below the picture, for example the predicted class. */
  readonly caption?: number;
  /** Whether the caption is what it should be; red when it is not. */
  readonly isRight?: boolean;
}

/** Pixels between pictures, and of the sheet for one pixel of a sample. */
const gap = 4;
const background = 24;

/**
 * The pictures of samples as they are.
 *
 * @param captions of each sample, for example its predicted class
 * @param labels true classes, to mark captions that differ from them
 */
export function sampleTiles(
  samples: Batch,
  bounds: PictureBounds,
  captions: readonly number[] = [],
  labels: readonly number[] = captions,
): Tile[] {
  const width = bounds.upper - bounds.lower;
  return tilesOf(
    samples,
    row => {
      const caption = captions[row];
      return caption === undefined ? {} : { caption, isRight: caption === labels[row] };
    },
    value => {
      const grey = ((value - bounds.lower) / width) * 255;
      return [grey, grey, grey];
    },
  );
}

/**
 * What was added to samples: white is nothing, red brighter, blue darker, in the mean over channels.
 * All with the same scale.
 *
 * @param range difference that is drawn in full colour, input units
 */
export function differenceTiles(changed: Batch, original: Batch, range: number): Tile[] {
  const [height = 1, width = 1, channels = 1] = original.shape;
  const differences = Batch.zeros(original.count, [height, width, 1]);
  original.values.forEach((value, i) => {
    const pixel = Math.floor(i / channels);
    differences.values[pixel] =
      (differences.values[pixel] as number) + ((changed.values[i] as number) - value) / channels;
  });
  return tilesOf(
    differences,
    () => ({}),
    value => {
      const share = Math.max(-1, Math.min(1, value / range));
      const rest = 255 * (1 - Math.abs(share));
      return share > 0 ? [255, rest, rest] : [rest, rest, 255];
    },
  );
}

/**
 * The salient places of a perturbation, drawn over the original: the more a pixel was changed, the
 * more it is orange. Each picture has its own scale, so that places show and not sizes.
 */
export function saliencyTiles(changed: Batch, original: Batch, bounds: PictureBounds): Tile[] {
  const width = bounds.upper - bounds.lower;
  return sampleTiles(original, bounds).map((tile, row) => {
    const before = original.row(row);
    const size = before.length / (tile.width * tile.height);
    const changes = changed.row(row).map((value, i) => Math.abs(value - (before[i] as number)));
    const most = Math.max(...changes, 1e-12 * width);
    const rgb = tile.rgb.slice();
    for (let pixel = 0; pixel < tile.width * tile.height; pixel++) {
      const share = Math.max(...changes.subarray(pixel * size, (pixel + 1) * size)) / most;
      [255, 140, 0].forEach((colour, channel) => {
        const at = 3 * pixel + channel;
        rgb[at] = (1 - share) * (rgb[at] as number) * 0.6 + share * colour;
      });
    }
    return { ...tile, rgb };
  });
}

/** One number of a sample as red, green and blue from 0 to 255. */
type Colour = (value: number) => readonly [number, number, number];

function tilesOf(
  samples: Batch,
  describe: (row: number) => Pick<Tile, 'caption' | 'isRight'>,
  colour: Colour,
): Tile[] {
  const [height = 1, width = 1, channels = 1] = samples.shape;
  return Array.from({ length: samples.count }, (_, row) => {
    const values = samples.row(row);
    const rgb = new Uint8Array(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = values[pixel * channels + (channels < 3 ? 0 : channel)] as number;
        rgb[3 * pixel + channel] = Math.round(
          Math.min(255, Math.max(0, colour(value)[channel] as number)),
        );
      }
    }
    return { width, height, rgb, ...describe(row) };
  });
}

/**
 * Puts rows of tiles on one sheet.
 *
 * @param rows all tiles of one size
 * @param zoom pixels of the sheet for one of a tile
 * @returns the bytes of a PNG file
 */
export function encodeSheet(rows: readonly (readonly Tile[])[], zoom = 2): Uint8Array {
  const first = rows.flat()[0];
  if (first === undefined) throw new RangeError('A sheet needs at least one picture');
  const hasCaptions = rows.flat().some(({ caption }) => caption !== undefined);
  const cellWidth = first.width * zoom + gap;
  const cellHeight = first.height * zoom + gap + (hasCaptions ? digitHeight * 2 + gap : 0);
  const width = gap + cellWidth * Math.max(...rows.map(({ length }) => length));
  const height = gap + cellHeight * rows.length;
  const data = new Uint8Array(3 * width * height).fill(background);
  rows.forEach((row, line) => {
    row.forEach((tile, column) => {
      const left = gap + column * cellWidth;
      const top = gap + line * cellHeight;
      drawTile(data, width, tile, left, top, zoom);
      if (tile.caption === undefined) return;
      const below = top + tile.height * zoom + gap;
      const digits = String(tile.caption).length;
      const centre = left + (tile.width * zoom - digits * digitWidth * 2) / 2;
      const colour = tile.isRight === false ? [255, 96, 80] : [200, 200, 200];
      drawNumber(tile.caption, Math.round(centre), below, (x, y) => {
        for (let dy = 0; dy < 2; dy++) {
          for (let dx = 0; dx < 2; dx++) data.set(colour, 3 * ((y + dy) * width + x + dx));
        }
      });
    });
  });
  return encode({ width, height, data, channels: 3, depth: 8 });
}

function drawTile(
  data: Uint8Array,
  sheetWidth: number,
  { width, height, rgb }: Tile,
  left: number,
  top: number,
  zoom: number,
): void {
  for (let y = 0; y < height * zoom; y++) {
    for (let x = 0; x < width * zoom; x++) {
      const from = 3 * (Math.floor(y / zoom) * width + Math.floor(x / zoom));
      data.set(rgb.subarray(from, from + 3), 3 * ((top + y) * sheetWidth + left + x));
    }
  }
}
