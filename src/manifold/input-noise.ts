import type { Batch } from '../arrays/batch.ts';
import type { Random } from '../random/random.ts';

/** Largest amplitude, in network units: above the ε of 0.3 at which digits are usually attacked. */
const largestAmplitude = 0.45;

/** Sides of the squares of equal sign in pixels, each with the same chance. */
const grains = [1, 1, 2, 4] as const;

/** Most deviations of a column by which a number of a table is moved. */
const largestTableAmplitude = 0.5;

/**
 * Noise for the inverter's input: every pixel is moved up or down by one amplitude, drawn for each
 * image from U(0, 0.45), by signs that are random in squares of one, two or four pixels. That is what
 * gradient attacks on images look like to the inverter, without knowing a model. Columns of a table
 * are moved each for itself.
 *
 * @param inputs in network units
 * @returns the moved inputs; images stay in [0, 1]
 */
export function addInputNoise(inputs: Batch, random: Random): Batch {
  const noisy = inputs.clone();
  const isImage = inputs.shape.length === 3;
  for (let index = 0; index < noisy.count; index++) {
    const row = noisy.row(index);
    if (isImage) {
      addToImage(row, inputs.shape, random);
    } else {
      const amplitude = random.uniform(0, largestTableAmplitude);
      for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) + amplitude * random.sign();
    }
  }
  return noisy;
}

function addToImage(image: Float32Array, shape: readonly number[], random: Random): void {
  const [height = 0, width = 0, channels = 1] = shape;
  const amplitude = random.uniform(0, largestAmplitude);
  const grain = grains[random.integer(grains.length)] ?? 1;
  const columns = Math.ceil(width / grain);
  const signs = new SignField(Math.ceil(height / grain) * columns * channels, random);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const line = Math.floor(y / grain) * columns;
    for (let x = 0; x < width; x++) {
      const cell = (line + Math.floor(x / grain)) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const moved = (image[at] as number) + amplitude * signs.at(cell + channel);
        image[at] = Math.min(1, Math.max(0, moved));
        at++;
      }
    }
  }
}

/** Random signs, 32 of them from each draw. */
class SignField {
  readonly #words: Uint32Array;

  constructor(count: number, random: Random) {
    this.#words = Uint32Array.from({ length: Math.ceil(count / 32) }, () => random.bits());
  }

  at(index: number): 1 | -1 {
    return (((this.#words[index >>> 5] as number) >>> (index & 31)) & 1) === 0 ? 1 : -1;
  }
}
