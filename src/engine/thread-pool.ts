import { Worker } from 'node:worker_threads';
import { EngineError } from './engine-error.ts';
import { NativeGate } from './native-gate.ts';
import {
  RemoteError,
  type SerializedProblem,
  type ThreadInstruction,
  type ThreadReport,
} from './thread-messages.ts';

/** How long a cancelled task may take to stop by itself, in milliseconds. */
const gracePeriod = 700;

export interface ThreadPoolOptions {
  /** Module that calls `serveTasks`, as a path or a file URL. */
  readonly module: string | URL;
  /** Most threads at a time, at least 1. Threads start when there is work for them. */
  readonly size: number;
  /** What every thread finds as `workerData`, for example where a model lies. */
  readonly data?: unknown;
  /** Arguments of Node for the threads, for example a loader for TypeScript. */
  readonly nodeArguments?: readonly string[];
}

export interface TaskOptions<Progress> {
  /** Buffers of the request that are handed over instead of copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Stops the task when it is aborted, within one second. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

interface Task<Request, Response, Progress> {
  readonly id: number;
  readonly request: Request;
  readonly options: TaskOptions<Progress>;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Threads that all run the same module and share a queue of tasks, one task a thread at a time. A
 * thread that crashes takes only its own task with it; another takes its place when there is work.
 */
export class ThreadPool<Request, Response, Progress = never> {
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Set<Thread<Request, Response, Progress>>();
  readonly #queue: Task<Request, Response, Progress>[] = [];
  #nextId = 0;
  #closed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs a task on the next free thread.
   *
   * @throws EngineError `engine/cancelled` after the signal was aborted, `engine/thread-crashed` when
   *   the thread died with the task in hand, `engine/disposed` when the pool is closed,
   *   `engine/failed` for an error in the task that is none of ours
   * @throws RemoteError when the task threw an AssayError, with its code, place and remedy
   */
  run(request: Request, options: TaskOptions<Progress> = {}): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closedError());
        return;
      }
      if (options.signal?.aborted === true) {
        reject(cancelledError());
        return;
      }
      const task: Task<Request, Response, Progress> = {
        id: this.#nextId++,
        request,
        options,
        // A signal outlives its tasks: it must not keep a listener of each.
        resolve: response => {
          options.signal?.removeEventListener('abort', cancel);
          resolve(response);
        },
        reject: error => {
          options.signal?.removeEventListener('abort', cancel);
          reject(error);
        },
      };
      const cancel = () => this.#cancel(task);
      options.signal?.addEventListener('abort', cancel);
      this.#queue.push(task);
      this.#assign();
    });
  }

  /** Ends all threads at once. Tasks that have not finished are rejected with `engine/disposed`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#queue.splice(0)) task.reject(closedError());
    await Promise.all([...this.#threads].map(thread => thread.end(closedError())));
  }

  /** Gives tasks to idle threads, starting threads as long as there may be more. */
  #assign(): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#threads].find(({ task }) => task === undefined);
      if (idle === undefined && this.#threads.size >= this.#options.size) return;
      const task = this.#queue.shift();
      if (task !== undefined) (idle ?? this.#start()).take(task);
    }
  }

  #start(): Thread<Request, Response, Progress> {
    const thread = new Thread<Request, Response, Progress>(this.#options, {
      onIdle: () => this.#assign(),
      onGone: () => {
        this.#threads.delete(thread);
        if (!this.#closed) this.#assign();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #cancel(task: Task<Request, Response, Progress>): void {
    const position = this.#queue.indexOf(task);
    if (position >= 0) {
      this.#queue.splice(position, 1);
      task.reject(cancelledError());
      return;
    }
    [...this.#threads].find(thread => thread.task === task)?.cancel();
  }
}

/** One thread and the task that it has in hand. */
class Thread<Request, Response, Progress> {
  readonly #worker: Worker;
  readonly #gate = new NativeGate();
  readonly #onIdle: () => void;
  readonly #onGone: () => void;
  #task: Task<Request, Response, Progress> | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Why the thread died, as far as it said so. */
  #lastError: unknown;

  constructor(
    { module, data, nodeArguments }: ThreadPoolOptions,
    { onIdle, onGone }: { readonly onIdle: () => void; readonly onGone: () => void },
  ) {
    this.#onIdle = onIdle;
    this.#onGone = onGone;
    this.#worker = this.#gate.lead(
      () =>
        new Worker(module, {
          workerData: data,
          ...(nodeArguments !== undefined && { execArgv: [...nodeArguments] }),
        }),
    );
    this.#worker.on('message', (report: ThreadReport<Response, Progress>) => this.#hear(report));
    this.#worker.on('messageerror', error => (this.#lastError = error));
    this.#worker.on('error', error => (this.#lastError = error));
    this.#worker.on('exit', code => this.#gone(code));
  }

  get task(): Task<Request, Response, Progress> | undefined {
    return this.#task;
  }

  take(task: Task<Request, Response, Progress>): void {
    this.#task = task;
    // An idle thread must not keep the process alive, a working one must.
    this.#worker.ref();
    try {
      this.#send({ type: 'run', task: task.id, request: task.request }, task.options.transfer);
    } catch (error) {
      // What cannot be copied between threads is a mistake of the caller; the thread is unharmed.
      this.#finish(({ reject }) => reject(failedError({ message: messageOf(error) })));
    }
  }

  /** Asks the task to stop, and ends the thread when it does not. */
  cancel(): void {
    const { id } = this.#task ?? {};
    if (id === undefined || this.#deadline !== undefined) return;
    this.#send({ type: 'cancel', task: id });
    this.#deadline = setTimeout(() => void this.end(cancelledError()), gracePeriod);
  }

  /** Rejects the task at once and ends the thread, when it is not in a native call. */
  async end(reason: EngineError): Promise<void> {
    clearTimeout(this.#deadline);
    this.#task?.reject(reason);
    this.#task = undefined;
    // At once, so that no other task is given to a thread that is going down.
    this.#onGone();
    await this.#gate.close();
    await this.#worker.terminate();
  }

  #hear(report: ThreadReport<Response, Progress>): void {
    if (report.task !== this.#task?.id) return;
    const isCancelled = this.#deadline !== undefined;
    switch (report.type) {
      case 'progress':
        if (!isCancelled) this.#task.options.onProgress?.(report.progress);
        break;
      case 'done':
        this.#finish(({ resolve, reject }) =>
          isCancelled ? reject(cancelledError()) : resolve(report.response),
        );
        break;
      case 'failed':
        this.#finish(({ reject }) =>
          reject(isCancelled ? cancelledError() : failedError(report.problem)),
        );
        break;
    }
  }

  #finish(settle: (task: Task<Request, Response, Progress>) => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.#task !== undefined) settle(this.#task);
    this.#task = undefined;
    this.#worker.unref();
    this.#onIdle();
  }

  #gone(exitCode: number): void {
    clearTimeout(this.#deadline);
    const isCancelled = this.#deadline !== undefined;
    this.#task?.reject(isCancelled ? cancelledError() : crashedError(exitCode, this.#lastError));
    this.#task = undefined;
    this.#onGone();
  }

  #send(instruction: ThreadInstruction<Request>, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(instruction, transfer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failedError(problem: SerializedProblem): RemoteError | EngineError {
  if (problem.code !== undefined) return new RemoteError(problem);
  return new EngineError('engine/failed', `A thread of the engine failed: ${problem.message}`);
}

function crashedError(exitCode: number, cause: unknown): EngineError {
  const reason = cause === undefined ? `exit code ${exitCode}` : messageOf(cause);
  return new EngineError('engine/thread-crashed', `A thread of the engine died (${reason}).`, {
    remedy: 'Try again; if it happens again, run with fewer threads.',
    cause,
  });
}

function cancelledError(): EngineError {
  return new EngineError('engine/cancelled', 'The task was cancelled.');
}

function closedError(): EngineError {
  return new EngineError('engine/disposed', 'The threads of the engine were closed.');
}
