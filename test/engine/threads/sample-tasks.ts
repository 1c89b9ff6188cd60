import { setTimeout } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { EngineError } from '../../../src/engine/engine-error.ts';
import { serveTasks, type TaskContext } from '../../../src/engine/thread-tasks.ts';

/** What the thread of the tests can be asked to do. */
export type SampleRequest =
  | { readonly kind: 'double'; readonly values: Float32Array<ArrayBuffer> }
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'spin' }
  | { readonly kind: 'throw'; readonly message: string }
  | { readonly kind: 'throw-ours' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'exit'; readonly code: number };

export interface SampleResponse {
  readonly values: Float32Array<ArrayBuffer>;
  readonly data: unknown;
}

async function handle(
  request: SampleRequest,
  context: TaskContext<number>,
): Promise<SampleResponse> {
  const response = { values: new Float32Array(0), data: workerData as unknown };
  switch (request.kind) {
    case 'double': {
      const values = request.values.map(value => 2 * value);
      context.transfer(values.buffer);
      return { ...response, values };
    }
    case 'count':
      for (let i = 1; i <= request.to; i++) context.report(i);
      return response;
    case 'wait':
      await setTimeout(request.milliseconds, undefined, { signal: context.signal });
      return response;
    case 'spin':
      // Hears no message: only ending the thread stops it.
      for (;;) if (performance.now() < 0) return response;
    case 'throw':
      throw new Error(request.message);
    case 'throw-ours':
      throw new EngineError('engine/out-of-memory', 'It does not fit.', {
        place: { field: 'conv1' },
        remedy: 'Buy more.',
      });
    case 'crash':
      queueMicrotask(() => {
        throw new Error('nobody caught this');
      });
      await setTimeout(10_000);
      return response;
    case 'exit':
      return process.exit(request.code);
  }
}

serveTasks(handle);
