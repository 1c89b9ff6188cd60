import { parentPort } from 'node:worker_threads';
import { serializeProblem, type ThreadInstruction, type ThreadReport } from './thread-messages.ts';

/** What a task can do besides returning its response. */
export interface TaskContext<Progress> {
  /** Aborted when the caller wants no result any more. */
  readonly signal: AbortSignal;
  /** Tells the caller how far the task is. */
  report(progress: Progress): void;
  /** Hands buffers of the response over instead of copying them. */
  transfer(...buffers: ArrayBuffer[]): void;
}

/**
 * Answers one request. It names the types of its pool; a pool and its module agree on them by the
 * types that both import, since no type travels with a message.
 */
export type TaskHandler = (request: never, context: TaskContext<never>) => unknown;

/**
 * Makes the module that calls it a thread of a `ThreadPool`: takes requests, one at a time, and
 * answers each with what `handle` returns or throws.
 *
 * A task that is to be cancelled without the loss of its thread should look at `context.signal` now
 * and then, and let messages through in between.
 */
export function serveTasks(handle: TaskHandler): void {
  const port = parentPort;
  if (port === null) throw new Error('serveTasks runs in a thread of a ThreadPool only.');
  const running = new Map<number, AbortController>();

  const send = (report: ThreadReport<unknown, unknown>, buffers: ArrayBuffer[] = []): void =>
    port.postMessage(report, buffers);

  const run = async (task: number, request: unknown): Promise<void> => {
    const cancellation = new AbortController();
    running.set(task, cancellation);
    const buffers: ArrayBuffer[] = [];
    const context: TaskContext<unknown> = {
      signal: cancellation.signal,
      report: progress => send({ type: 'progress', task, progress }),
      transfer: (...more) => void buffers.push(...more),
    };
    try {
      const response = await handle(request as never, context);
      send({ type: 'done', task, response }, buffers);
    } catch (error) {
      send({ type: 'failed', task, problem: serializeProblem(error) });
    } finally {
      running.delete(task);
    }
  };

  port.on('message', (instruction: ThreadInstruction<unknown>) => {
    switch (instruction.type) {
      case 'run':
        void run(instruction.task, instruction.request);
        break;
      case 'cancel':
        running.get(instruction.task)?.abort();
        break;
    }
  });
}
