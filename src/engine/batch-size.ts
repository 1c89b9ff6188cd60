/** How long one call of the tensor library may keep the thread, so that messages get through. */
const targetMilliseconds = 400;

/**
 * Decides how many samples go through a function at a time: few at first, then as many as take less
 * than half a second, never more than the maximum, and half of it after memory has run out. Rows
 * are independent, so this changes how long a run takes and not what it returns.
 */
export class BatchSize {
  #current: number;
  #maximum: number;

  /** @param maximum most samples in one call, at least 1 */
  constructor(maximum: number) {
    this.#maximum = maximum;
    this.#current = Math.min(8, maximum);
  }

  /** How many of the samples that remain go into the next call: equal parts, so that no small one is left. */
  next(remaining: number): number {
    return Math.ceil(remaining / Math.ceil(remaining / this.#current));
  }

  /** Learns from a call: grows at most fourfold at a time, since a first call includes warming up. */
  observe(samples: number, milliseconds: number): void {
    // Few samples say little: what a call costs whatever their number weighs too much.
    if (samples < this.#current / 2) return;
    const affordable = Math.floor((samples * targetMilliseconds) / Math.max(milliseconds, 1e-3));
    this.#current = Math.min(this.#maximum, 4 * this.#current, Math.max(1, affordable));
  }

  /**
   * Makes the batch smaller for good after memory has run out.
   *
   * @param samples how many samples did not fit
   * @returns false when a single sample did not fit
   */
  shrink(samples: number): boolean {
    if (samples <= 1) return false;
    this.#maximum = Math.floor(samples / 2);
    this.#current = this.#maximum;
    return true;
  }
}
