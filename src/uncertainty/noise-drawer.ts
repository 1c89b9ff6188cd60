import { sizeOf } from '../arrays/batch.ts';
import type { Random } from '../random/random.ts';
import { DropoutMemory } from './dropout-memory.ts';
import { fillWithNoise, type NoiseSource } from './noise.ts';

/** A source of noise with the key of its random numbers. */
export interface KeyedSource extends NoiseSource {
  readonly key: readonly (string | number)[];
  /**
   * The array at the frontier, by its number, that the noise only multiplies. The head takes the product
   * in place of the noise, so that nothing is left to be multiplied in every pass.
   */
  readonly multiplies?: number;
}

/** Units that a mask is made from where it is not multiplied by anything at once. */
const ones = 32;

/**
 * Draws what the head of a network takes for some samples and passes: the noise of each source, or its
 * product with the value at the frontier that it multiplies.
 */
export class NoiseDrawer {
  readonly #sources: readonly KeyedSource[];
  readonly #memory: DropoutMemory;
  readonly #buffers: readonly Float32Array[];
  readonly #ones: Float32Array;
  /** One sample of the value that a source multiplies. */
  readonly #values: readonly (Float32Array | undefined)[];

  /**
   * @param sizes numbers that are drawn at most from each source in one call
   * @param memory with room for {@link NoiseDrawer.capacityFor} numbers
   */
  constructor(sources: readonly KeyedSource[], sizes: readonly number[], memory: DropoutMemory) {
    this.#sources = sources;
    this.#memory = memory;
    this.#buffers = sizes.map(size => memory.allocate(size));
    this.#ones = memory.allocate(ones).fill(1);
    this.#values = sources.map(({ shape, multiplies }) =>
      multiplies === undefined ? undefined : memory.allocate(sizeOf(shape)),
    );
  }

  /** The capacity of memory that a drawer needs. */
  static capacityFor(sources: readonly KeyedSource[], sizes: readonly number[]): number {
    const values = sources.map(({ shape }) => sizeOf(shape));
    return DropoutMemory.capacityFor([...sizes, ...values, ones]);
  }

  /**
   * One array for each source, `[samples, passes, …shape]`, valid until the next call.
   *
   * @param streams for each sample the stream of each source
   * @param frontier `[samples, …shape]` each
   */
  draw(
    streams: readonly (readonly Random[])[],
    frontier: readonly Float32Array[],
    passes: number,
  ): Float32Array[] {
    return this.#sources.map((source, index) => {
      const size = sizeOf(source.shape);
      const drawn = (this.#buffers[index] as Float32Array).subarray(
        0,
        streams.length * passes * size,
      );
      streams.forEach((ofSample, row) => {
        const target = drawn.subarray(row * passes * size, (row + 1) * passes * size);
        const random = ofSample[index] as Random;
        const { distribution, multiplies } = source;
        if (distribution.kind !== 'bernoulli') {
          fillWithNoise(target, distribution, random);
          return;
        }
        const value = this.#values[index];
        if (value !== undefined && multiplies !== undefined) {
          value.set((frontier[multiplies] as Float32Array).subarray(row * size, (row + 1) * size));
        }
        this.#memory.drop(target, value ?? this.#ones, passes, distribution, random);
      });
      return drawn;
    });
  }
}
