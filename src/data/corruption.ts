import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { DataError } from './data-error.ts';
import { blur, type PictureView, pixelate, resample } from './picture-resampling.ts';

/** The corruptions that there are. */
export type CorruptionName =
  | 'gaussian-noise'
  | 'impulse-noise'
  | 'gaussian-blur'
  | 'contrast'
  | 'brightness'
  | 'pixelate'
  | 'occlusion'
  | 'rotation'
  | 'translation';

/** From hardly seen to hardly recognised. */
export type Severity = 1 | 2 | 3 | 4 | 5;

export interface CorruptionSettings {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
}

/** What a corruption is done to and with. */
export interface CorruptionContext {
  readonly bounds: readonly [lower: number, upper: number];
  readonly seed: number;
  /** Index of each sample in its data set, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
}

/** Strength by severity, and what it is: noise, blur, contrast and pixelate as Hendrycks and
 * Dietterich 2019 ("Benchmarking neural network robustness to common corruptions") have them, with
 * the blur measured in pictures rather than pixels. */
const strengths: Readonly<
  Record<CorruptionName, readonly [number, number, number, number, number]>
> = {
  /** Standard deviation, in widths of the bounds. */
  'gaussian-noise': [0.08, 0.12, 0.18, 0.26, 0.38],
  /** Share of the numbers that become the lowest or highest value. */
  'impulse-noise': [0.03, 0.06, 0.09, 0.17, 0.27],
  /** Standard deviation, in shorter sides of the picture. */
  'gaussian-blur': [0.015, 0.025, 0.035, 0.05, 0.07],
  /** What is left of the contrast. */
  contrast: [0.4, 0.3, 0.2, 0.1, 0.05],
  /** What is added, in widths of the bounds. */
  brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
  /** Resolution that is left, as a share. */
  pixelate: [0.6, 0.5, 0.4, 0.3, 0.25],
  /** Side of a grey square at a random place, in shorter sides. */
  occlusion: [0.2, 0.3, 0.4, 0.5, 0.6],
  /** Degrees, to either side by chance. */
  rotation: [15, 30, 45, 60, 90],
  /** In shorter sides, in a random direction. */
  translation: [0.05, 0.1, 0.15, 0.2, 0.3],
};

/** How strong a severity is, in the unit of its corruption, for the report. */
export function corruptionStrength({ corruption, severity }: CorruptionSettings): number {
  return strengths[corruption][severity - 1] as number;
}

/**
 * Corrupts samples as cameras, scanners and people do. The result stays inside the bounds; each
 * sample depends on its own random numbers alone.
 *
 * @param inputs `[batch, height, width, channels]`; noise, contrast and brightness take any shape
 * @throws DataError `data/not-pictures` when a corruption of pictures is given something else
 */
export function corrupt(
  inputs: Batch,
  settings: CorruptionSettings,
  { bounds, seed, sampleIndices }: CorruptionContext,
): Batch {
  const strength = corruptionStrength(settings);
  const [lower, upper] = bounds;
  const result = Batch.zeros(inputs.count, inputs.shape);
  for (let row = 0; row < inputs.count; row++) {
    const random = new Random(seed, [
      'corruption',
      settings.corruption,
      sampleIndices[row] as number,
    ]);
    const sample = { values: inputs.row(row), shape: inputs.shape };
    const changed = corruptSample(settings.corruption, sample, strength, bounds, random);
    result.row(row).set(changed.map(value => Math.min(upper, Math.max(lower, value))));
  }
  return result;
}

interface Sample {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

function corruptSample(
  corruption: CorruptionName,
  sample: Sample,
  strength: number,
  [lower, upper]: readonly [number, number],
  random: Random,
): Float32Array {
  const { values } = sample;
  const width = upper - lower;
  switch (corruption) {
    case 'gaussian-noise':
      return values.map(value => value + strength * width * random.normal());
    case 'impulse-noise':
      return values.map(value =>
        random.uniform() < strength ? (random.sign() === 1 ? upper : lower) : value,
      );
    case 'contrast': {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.map(value => mean + strength * (value - mean));
    }
    case 'brightness':
      return values.map(value => value + strength * width);
    case 'gaussian-blur': {
      const picture = pictureOf(sample, corruption);
      return blur(picture, strength * Math.min(picture.height, picture.width));
    }
    case 'pixelate':
      return pixelate(pictureOf(sample, corruption), strength);
    case 'occlusion':
      return occlude(pictureOf(sample, corruption), strength, (lower + upper) / 2, random);
    case 'rotation': {
      const angle = (random.sign() * strength * Math.PI) / 180;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      return resample(pictureOf(sample, corruption), (x, y) => [
        cosine * x + sine * y,
        cosine * y - sine * x,
      ]);
    }
    case 'translation': {
      const picture = pictureOf(sample, corruption);
      const length = strength * Math.min(picture.height, picture.width);
      const angle = random.uniform(0, 2 * Math.PI);
      return resample(picture, (x, y) => [
        x - length * Math.cos(angle),
        y - length * Math.sin(angle),
      ]);
    }
  }
}

function pictureOf({ values, shape }: Sample, corruption: CorruptionName): PictureView {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new DataError(
      'data/not-pictures',
      `${corruption} is for pictures, and the inputs have shape [${shape.join(', ')}].`,
      { remedy: 'Name gaussian-noise, impulse-noise, contrast or brightness instead.' },
    );
  }
  return { values, height, width, channels };
}

function occlude(
  { values, height, width, channels }: PictureView,
  share: number,
  shade: number,
  random: Random,
): Float32Array {
  const side = Math.max(1, Math.round(share * Math.min(height, width)));
  const top = random.integer(height - side + 1);
  const left = random.integer(width - side + 1);
  const result = values.slice();
  for (let y = top; y < top + side; y++) {
    const start = (y * width + left) * channels;
    result.fill(shade, start, start + side * channels);
  }
  return result;
}
