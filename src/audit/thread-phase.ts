/** Takes what is being done, for people; `undefined` when that is the task itself again. */
export type PhaseListener = (phase: string | undefined) => void;

/**
 * What a thread does on the way to a task that takes a while, such as fitting. Whoever waits for the
 * task hears of it, also of what has begun before.
 */
export class ThreadPhase {
  #phase: string | undefined;
  #listener: PhaseListener | undefined;

  /** To be called before the work: a thread at work sends nothing. */
  enter(phase: string | undefined): void {
    this.#phase = phase;
    this.#listener?.(phase);
  }

  /** Does one task, the only one at that time, of whose phases a listener hears. */
  async during<T>(listener: PhaseListener | undefined, task: () => Promise<T>): Promise<T> {
    this.#listener = listener;
    if (this.#phase !== undefined) listener?.(this.#phase);
    try {
      return await task();
    } finally {
      if (this.#phase !== undefined) this.enter(undefined);
      this.#listener = undefined;
    }
  }
}
