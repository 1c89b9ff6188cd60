/**
 * Runs a task soon after it is asked for: never twice at once, at most once an interval, and once
 * more after the last request, so that the newest state always gets through.
 */
export class PacedTask {
  readonly #task: () => Promise<void>;
  readonly #intervalMilliseconds: number;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isWanted = false;
  #isDisposed = false;
  #lastStart = -Infinity;

  /** @param task must not reject */
  constructor(intervalMilliseconds: number, task: () => Promise<void>) {
    this.#intervalMilliseconds = intervalMilliseconds;
    this.#task = task;
  }

  /** Asks for the task; at once when the interval has passed. */
  request(): void {
    this.#isWanted = true;
    if (this.#isRunning || this.#isDisposed || this.#timer !== undefined) return;
    const wait = this.#lastStart + this.#intervalMilliseconds - performance.now();
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, wait));
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isWanted = false;
    this.#isRunning = true;
    this.#lastStart = performance.now();
    await this.#task().finally(() => this.#ended());
  }

  #ended(): void {
    this.#isRunning = false;
    // Asked for again while it ran: what it did may be out of date.
    if (this.#isWanted) this.request();
  }
}
