import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError } from '../engine/engine-error.ts';
import { type PieceExecutor } from './piece-executor.ts';
import { type PieceOutput, type PieceTask } from './piece.ts';
import { type AuditSubject, type GradientReport, type SubjectRecord } from './subject.ts';
import { type PieceControl } from './subject-session.ts';
import { ThreadError, type FromThread, type ThreadCall, type ToThread } from './thread-messages.ts';

/** Bundle of `tensor-thread.ts`: beside the running bundle, or in `dist/` when run from the sources. */
function tensorThreadPath(): string {
  const beside = join(import.meta.dirname, 'tensor-thread.cjs');
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../dist/tensor-thread.cjs');
}

/**
 * Opens the subject on tensor threads. The first thread starts at once, the others with the first
 * pieces that need them.
 *
 * @param threads at most this many
 * @param modulePath bundle that the threads run
 */
export function openThreads(
  subject: AuditSubject,
  threads: number,
  modulePath = tensorThreadPath(),
): Promise<PieceExecutor> {
  return Promise.resolve(new ThreadExecutor(subject, threads, modulePath));
}

class ThreadExecutor implements PieceExecutor {
  readonly subject: AuditSubject;
  readonly threads: number;
  readonly #modulePath: string;
  readonly #pool: TensorThread[] = [];
  #disposed = false;

  constructor(subject: AuditSubject, threads: number, modulePath: string) {
    this.subject = subject;
    this.threads = threads;
    this.#modulePath = modulePath;
  }

  async describe(): Promise<SubjectRecord> {
    return (await this.#thread().call({ method: 'describe' })) as SubjectRecord;
  }

  async sampleIds(indices: readonly number[]): Promise<string[]> {
    return (await this.#thread().call({ method: 'sampleIds', indices })) as string[];
  }

  async checkGradient(indices: readonly number[]): Promise<GradientReport> {
    return (await this.#thread().call({ method: 'checkGradient', indices })) as GradientReport;
  }

  async run(task: PieceTask, control: PieceControl = {}): Promise<PieceOutput> {
    return (await this.#thread().call({ method: 'run', task }, control)) as PieceOutput;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#pool.splice(0).map(thread => thread.end()));
  }

  /** An idle thread, a new one while there may be more, or the one with the least to do. */
  #thread(): TensorThread {
    if (this.#disposed) {
      throw new EngineError('engine/disposed', 'The audit’s threads were used after their end.');
    }
    const alive = this.#pool.filter(thread => thread.isAlive);
    this.#pool.splice(0, this.#pool.length, ...alive);
    const idle = alive.find(thread => thread.load === 0);
    if (idle !== undefined) return idle;
    if (alive.length < this.threads) {
      const thread = new TensorThread(this.#modulePath, this.subject);
      this.#pool.push(thread);
      return thread;
    }
    const [least] = alive.toSorted((a, b) => a.load - b.load);
    if (least === undefined) throw new RangeError('An executor needs at least one thread.');
    return least;
  }
}

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((fraction: number) => void) | undefined;
}

/** One worker thread and the calls that it has not answered yet. */
class TensorThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 0;
  #isAlive = true;

  constructor(modulePath: string, subject: AuditSubject) {
    this.#worker = new Worker(modulePath, { workerData: { subject } });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', error => this.#die(error.message));
    this.#worker.on('exit', code => this.#die(`it ended with code ${code}`));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Calls that wait for an answer. */
  get load(): number {
    return this.#pending.size;
  }

  /** @throws ThreadError what went wrong there; EngineError `engine/thread-crashed` */
  async call(call: ThreadCall, { signal, onProgress }: PieceControl = {}): Promise<unknown> {
    const id = this.#nextId++;
    const cancel = () => this.#post({ kind: 'cancel', id });
    signal?.addEventListener('abort', cancel);
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, onProgress });
        this.#post({ kind: 'call', id, call });
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Ends the thread at once, whatever it is doing. */
  async end(): Promise<void> {
    this.#rejectAll(new EngineError('engine/cancelled', 'The audit was stopped.'));
    await this.#worker.terminate();
  }

  #post(message: ToThread): void {
    if (this.#isAlive) this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    const call = this.#pending.get(message.id);
    if (call === undefined) return;
    switch (message.kind) {
      case 'progress':
        call.onProgress?.(message.fraction);
        return;
      case 'result':
        call.resolve(message.value);
        break;
      case 'failure':
        call.reject(new ThreadError(message.failure));
        break;
    }
    this.#pending.delete(message.id);
  }

  #die(reason: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#rejectAll(
      new EngineError('engine/thread-crashed', `A tensor thread crashed: ${reason}.`, {
        remedy: 'If it happens again, try another engine, or report the model.',
      }),
    );
  }

  #rejectAll(error: Error): void {
    for (const call of this.#pending.values()) call.reject(error);
    this.#pending.clear();
  }
}
