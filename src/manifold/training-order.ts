import { Random } from '../random/random.ts';

/**
 * Which samples each step is trained on: a new seeded order in each pass over the data, so that a
 * training which is taken up again sees what it would have seen without the interruption.
 */
export class TrainingOrder {
  readonly #samples: readonly number[];
  readonly #batchSize: number;
  readonly #seed: number;
  /** The current order of each purpose, so that it is not drawn anew at every step. */
  readonly #orders = new Map<string, { readonly pass: number; readonly order: Uint32Array }>();

  /** @param samples indices to train on, at least as many as a batch has */
  constructor(samples: readonly number[], batchSize: number, seed: number) {
    this.#samples = samples;
    this.#batchSize = batchSize;
    this.#seed = seed;
  }

  /**
   * The samples of one step. What is left at the end of a pass, less than a batch, is not used.
   *
   * @param step counted from 1
   * @param purpose tells the orders of critic and generator apart
   */
  batch(step: number, purpose: string): number[] {
    const perPass = Math.floor(this.#samples.length / this.#batchSize);
    const order = this.#order(purpose, Math.floor((step - 1) / perPass));
    const start = ((step - 1) % perPass) * this.#batchSize;
    return Array.from(
      order.subarray(start, start + this.#batchSize),
      position => this.#samples[position] as number,
    );
  }

  #order(purpose: string, pass: number): Uint32Array {
    const known = this.#orders.get(purpose);
    if (known?.pass === pass) return known.order;
    const random = new Random(this.#seed, ['manifold-order', purpose, pass]);
    const order = random.permutation(this.#samples.length);
    this.#orders.set(purpose, { pass, order });
    return order;
  }
}
