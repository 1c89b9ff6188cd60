import type { PlannedPiece } from './planned-piece.ts';

/**
 * Hands out the pieces of a plan in order, each when what it builds on is finished: an attack
 * needs the clean samples of the same positions, a score needs the adversaries that it scores.
 */
export class PieceSchedule {
  #waiting: PlannedPiece[];
  readonly #running = new Set<PlannedPiece>();
  readonly #finishedKeys = new Set<string>();
  #wake: (() => void)[] = [];

  constructor(pieces: readonly PlannedPiece[]) {
    this.#waiting = [...pieces];
  }

  /** The next piece to run; waits while there may be one later; undefined when there is none. */
  async take(): Promise<PlannedPiece | undefined> {
    for (;;) {
      const position = this.#waiting.findIndex(piece => this.#isReady(piece));
      const [piece] = position === -1 ? [] : this.#waiting.splice(position, 1);
      if (piece !== undefined) {
        this.#running.add(piece);
        return piece;
      }
      if (this.#running.size === 0) return undefined;
      await new Promise<void>(resolve => this.#wake.push(resolve));
    }
  }

  /** A piece that was taken is done. */
  finish(piece: PlannedPiece): void {
    this.#running.delete(piece);
    this.#finishedKeys.add(piece.key);
    this.#wakeAll();
  }

  /**
   * No further piece of this condition is handed out, nor of those that build on it; the piece in
   * hand counts as done.
   *
   * @returns ids of the conditions that built on it and cannot be finished
   */
  abandon(piece: PlannedPiece): string[] {
    this.#running.delete(piece);
    const { id } = piece.condition;
    const lost = ({ condition }: PlannedPiece) => condition.id === id || condition.basedOn === id;
    const dependent = this.#waiting.filter(lost).map(({ condition }) => condition.id);
    this.#waiting = this.#waiting.filter(waiting => !lost(waiting));
    this.#wakeAll();
    return [...new Set(dependent)].filter(other => other !== id);
  }

  /** Pieces that are not wanted any more are not handed out; those in hand are finished. */
  drop(isUnwanted: (piece: PlannedPiece) => boolean): void {
    this.#waiting = this.#waiting.filter(piece => !isUnwanted(piece));
    this.#wakeAll();
  }

  /** Hands out nothing more at all. */
  close(): void {
    this.#waiting = [];
    this.#wakeAll();
  }

  /** Whether a condition still has pieces that wait or run. */
  isOpen(conditionId: string): boolean {
    const belongs = ({ condition }: PlannedPiece) => condition.id === conditionId;
    return this.#waiting.some(belongs) || [...this.#running].some(belongs);
  }

  #isReady(piece: PlannedPiece): boolean {
    if (piece.inputsFrom !== undefined) return this.#finishedKeys.has(piece.inputsFrom);
    if (piece.step.kind === 'predict') return true;
    // The clean samples are planned first; none of them may be on its way any more.
    const isClean = ({ condition, step }: PlannedPiece) =>
      condition.id === 'clean' && step.kind === 'predict';
    return !this.#waiting.some(isClean) && ![...this.#running].some(isClean);
  }

  #wakeAll(): void {
    const woken = this.#wake;
    this.#wake = [];
    for (const resolve of woken) resolve();
  }
}
