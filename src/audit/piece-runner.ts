import { stageCount } from '../attacks/attack-cost.ts';
import { AssayError } from '../errors/assay-error.ts';
import type { AuditOptions } from './audit-options.ts';
import type { OutputOf, PieceOutput, PieceTask } from './piece.ts';
import type { PieceControl, PieceExecutor } from './piece-executor.ts';
import type { PieceStore } from './piece-store.ts';
import type { PlannedPiece } from './planned-piece.ts';

/** Gets the output of pieces: from an earlier run where it was kept, from a thread otherwise. */
export class PieceRunner {
  readonly #executor: PieceExecutor;
  readonly #store: PieceStore;
  readonly #options: Pick<AuditOptions, 'resume' | 'signal' | 'onEvent'>;

  constructor(
    executor: PieceExecutor,
    store: PieceStore,
    options: Pick<AuditOptions, 'resume' | 'signal' | 'onEvent'>,
  ) {
    this.#executor = executor;
    this.#store = store;
    this.#options = options;
  }

  /** What an earlier run kept; undefined when it kept nothing, or everything is computed anew. */
  async kept(key: string): Promise<PieceOutput | undefined> {
    return this.#options.resume ? await this.#store.load(key) : undefined;
  }

  /**
   * Computes a piece. An attack in stages is kept stage by stage: an audit that is ended loses one of them
   * at most.
   *
   * @param inputs what its step works on, where that is not the clean samples
   */
  async compute(
    piece: PlannedPiece,
    inputs: Float32Array | undefined,
    news: Omit<PieceControl, 'signal'>,
  ): Promise<PieceOutput> {
    const task = { step: piece.step, indices: piece.indices, inputs };
    const control = { ...news, signal: this.#options.signal };
    const { step } = piece;
    const stages = step.kind === 'attack' ? stageCount(step.settings) : 1;
    if (stages === 1) return await this.#run(piece, task, control);
    let earlier: OutputOf<'attack'> | undefined;
    for (let number = 0; number < stages - 1; number++) {
      const key = `${piece.key}-stage-${number}`;
      const kept = await this.kept(key);
      const output =
        kept ?? (await this.#run(piece, { ...task, stage: { number, earlier } }, control));
      if (output.kind !== 'attack') throw new RangeError(`a stage gave ${output.kind}`);
      if (kept === undefined) await this.#store.save(key, output);
      earlier = output;
    }
    const stage = { number: stages - 1, earlier };
    return await this.#run(piece, { ...task, stage }, control);
  }

  /** A piece whose thread crashes is tried once more on a new thread. */
  async #run(
    { condition }: PlannedPiece,
    task: PieceTask,
    control: PieceControl,
  ): Promise<PieceOutput> {
    try {
      return await this.#executor.run(task, control);
    } catch (error) {
      if (!isCrash(error) || this.#options.signal.aborted) throw error;
      this.#options.onEvent({
        kind: 'notice',
        message: `A tensor thread crashed in ${condition.label}; the piece is run again.`,
      });
      return await this.#executor.run(task, control);
    }
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof AssayError && error.code === 'engine/thread-crashed';
}
