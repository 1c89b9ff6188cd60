import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ThreadPool } from '../engine/thread-pool.ts';
import type { PieceControl, PieceExecutor } from './piece-executor.ts';
import type { PieceOutput, PieceTask } from './piece.ts';
import type { AuditSubject, GradientReport, SubjectRecord } from './subject.ts';
import type { AnswerTo, ThreadAnswer, ThreadCall, ThreadNews } from './thread-calls.ts';

/** Bundle of `tensor-thread.ts`: beside the running bundle, or in `dist/` when run from the sources. */
export function tensorThreadPath(): string {
  const beside = join(import.meta.dirname, 'tensor-thread.cjs');
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../dist/tensor-thread.cjs');
}

/**
 * Opens the subject on tensor threads. The first thread starts with the first call, the others with
 * the first pieces that need them.
 *
 * @param threads at most this many
 * @param module bundle that the threads run
 */
export function openThreads(
  subject: AuditSubject,
  threads: number,
  module = tensorThreadPath(),
): Promise<PieceExecutor> {
  return Promise.resolve(new ThreadExecutor(subject, threads, module));
}

class ThreadExecutor implements PieceExecutor {
  readonly subject: AuditSubject;
  readonly threads: number;
  readonly #pool: ThreadPool<ThreadCall, ThreadAnswer['value'], ThreadNews>;

  constructor(subject: AuditSubject, threads: number, module: string) {
    this.subject = subject;
    this.threads = threads;
    this.#pool = new ThreadPool({ module, size: threads, data: subject });
  }

  describe(control?: Pick<PieceControl, 'onPhase'>): Promise<SubjectRecord> {
    return this.#ask({ method: 'describe' }, control);
  }

  sampleIds(indices: readonly number[]): Promise<string[]> {
    return this.#ask({ method: 'sampleIds', indices });
  }

  checkGradient(indices: readonly number[], control?: PieceControl): Promise<GradientReport> {
    return this.#ask({ method: 'checkGradient', indices }, control);
  }

  run(task: PieceTask, control?: PieceControl): Promise<PieceOutput> {
    return this.#ask({ method: 'run', task }, control);
  }

  dispose(): Promise<void> {
    return this.#pool.close();
  }

  /** Calls and answers are paired by the type; what comes back is what the thread's switch returns. */
  async #ask<Call extends ThreadCall>(
    call: Call,
    { signal, onProgress, onNote, onPhase }: PieceControl = {},
  ): Promise<AnswerTo<Call['method']>> {
    const options = {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (news: ThreadNews) => {
        switch (news.kind) {
          case 'progress':
            onProgress?.(news.fraction);
            break;
          case 'note':
            onNote?.(news.note);
            break;
          case 'phase':
            onPhase?.(news.phase);
            break;
        }
      },
    };
    return (await this.#pool.run(call, options)) as AnswerTo<Call['method']>;
  }
}
