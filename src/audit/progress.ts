import type { AuditEvent } from '../protocol/worker-protocol.ts';
import type { PlannedPiece } from './planned-piece.ts';

/** Milliseconds between two progress events. */
const interval = 100;

/** Adds up how far all pieces are, and estimates the time left from what was computed so far. */
export class AuditProgress {
  readonly #total: number;
  readonly #emit: (event: AuditEvent) => void;
  readonly #running = new Map<PlannedPiece, number>();
  #finished = 0;
  /** Cost that was computed in this run, not loaded: the base of the estimate. */
  #computed = 0;
  #startedAt: number | undefined;
  #lastEmitted = 0;

  constructor(pieces: readonly PlannedPiece[], emit: (event: AuditEvent) => void) {
    this.#total = pieces.reduce((sum, { cost }) => sum + cost, 0);
    this.#emit = emit;
  }

  /** A piece starts on a thread. */
  start(piece: PlannedPiece): void {
    this.#startedAt ??= performance.now();
    this.#running.set(piece, 0);
    this.#tell(piece.condition.label);
  }

  /** @param fraction share of the piece that is done, in [0, 1] */
  advance(piece: PlannedPiece, fraction: number): void {
    this.#running.set(piece, fraction);
    this.#tell(piece.condition.label);
  }

  /** @param computed false when the piece was kept from an earlier run */
  finish(piece: PlannedPiece, computed: boolean): void {
    this.#running.delete(piece);
    this.#finished += piece.cost;
    // What was kept from an earlier run takes no time that anybody would want to hear of.
    if (!computed) return;
    this.#computed += piece.cost;
    this.#tell(piece.condition.label);
  }

  /** Says at once what a piece waits for, or that it is itself again what is done. */
  enter(piece: PlannedPiece, phase = piece.condition.label): void {
    this.#lastEmitted = -Infinity;
    this.#tell(phase);
  }

  /** Says what is done while nothing is counted yet. */
  announce(phase: string, fraction = 0): void {
    this.#emit({ kind: 'progress', phase, fraction });
  }

  #tell(phase: string): void {
    const now = performance.now();
    if (now - this.#lastEmitted < interval) return;
    this.#lastEmitted = now;
    let inHand = 0;
    for (const [piece, fraction] of this.#running) inHand += piece.cost * fraction;
    const fraction = this.#total === 0 ? 1 : (this.#finished + inHand) / this.#total;
    const computed = this.#computed + inHand;
    const seconds = (now - (this.#startedAt ?? now)) / 1000;
    const left = this.#total - this.#finished - inHand;
    this.#emit({
      kind: 'progress',
      phase,
      fraction: Math.min(1, fraction),
      // An estimate from the first fractions of a second would be noise.
      ...(computed > 0 && seconds > 1 ? { secondsLeft: (left / computed) * seconds } : {}),
    });
  }
}
