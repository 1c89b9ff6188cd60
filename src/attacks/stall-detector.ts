/** A loss above this part of the one before has stopped falling (Carlini and Wagner's own value). */
const STALLED = 0.9999;

/**
 * Tells when the loss of a sample, by itself, has stopped falling. What is compared is the lowest
 * loss of an interval with the lowest before it: the loss of a single sample swings from step to
 * step, and two of its values would often tell a stall that is none. (Carlini and Wagner compare
 * two values, but of the sum over a batch.)
 */
export class StallDetector {
  readonly #interval: number;
  /** Lowest loss of each sample before this interval, and in it. */
  readonly #before: Float64Array;
  readonly #lately: Float64Array;

  /** Steps that each sample may take before a stall counts. */
  readonly #patience: Float64Array;

  /**
   * @param interval how many steps lie between two looks; Infinity never looks
   * @param patience steps that each sample may take before a stall counts
   */
  constructor(interval: number, patience: Float64Array) {
    this.#interval = interval;
    this.#patience = patience;
    this.#before = new Float64Array(patience.length).fill(Infinity);
    this.#lately = new Float64Array(patience.length).fill(Infinity);
  }

  /** @param step number of the step, from 1 */
  hasStalled(row: number, step: number, loss: number): boolean {
    const lately = Math.min(this.#lately[row] as number, loss);
    this.#lately[row] = lately;
    if (step % this.#interval !== 0) return false;
    const before = this.#before[row] as number;
    this.#before[row] = Math.min(before, lately);
    this.#lately[row] = Infinity;
    return step >= (this.#patience[row] as number) && lately > STALLED * before;
  }
}
