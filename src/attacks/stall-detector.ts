/** A loss above this part of the one before has stopped falling (Carlini and Wagner's own value). */
const STALLED = 0.9999;

/** Tells when the loss of a sample, by itself, has stopped falling. */
export class StallDetector {
  readonly #interval: number;
  readonly #previous: Float64Array;

  /** @param interval how many steps lie between two looks; Infinity never looks */
  constructor(count: number, interval: number) {
    this.#interval = interval;
    this.#previous = new Float64Array(count).fill(Infinity);
  }

  /** @param step number of the step, from 1 */
  hasStalled(row: number, step: number, loss: number): boolean {
    if (step % this.#interval !== 0) return false;
    const stalled = loss > STALLED * (this.#previous[row] as number);
    this.#previous[row] = loss;
    return stalled;
  }
}
