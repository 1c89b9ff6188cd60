import { setTimeout } from 'node:timers/promises';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { EngineError } from './engine-error.ts';

/** Under which a thread finds the gate that its starter has made for it. */
const environmentKey = 'assay.native-gate';

/** Places in the shared memory of a gate: how many native calls run, and whether it is closed. */
const runningCalls = 0;
const isClosed = 1;

/** How long to wait between two looks at a gate, in milliseconds. */
const pollingInterval = 2;

/**
 * Stands between a thread and native code. A thread that is ended inside a call of ONNX Runtime
 * takes the whole process with it: the library throws a C++ exception that nobody can catch when it
 * finds JavaScript gone. So the thread counts its native calls in memory that it shares with its
 * starter, which closes the gate and waits for the last call before it ends the thread.
 */
export class NativeGate {
  readonly #state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));

  /** Calls `start`; the threads that are started in it go through this gate. */
  lead<T>(start: () => T): T {
    setEnvironmentData(environmentKey, this.#state);
    try {
      return start();
    } finally {
      setEnvironmentData(environmentKey, undefined);
    }
  }

  /** Resolves when no native call runs any more. None will begin after that. */
  async close(): Promise<void> {
    // The thread counts first and looks then, this side closes first and looks then: whatever the
    // order, one of them sees the other.
    Atomics.store(this.#state, isClosed, 1);
    while (Atomics.load(this.#state, runningCalls) > 0) await setTimeout(pollingInterval);
  }
}

/**
 * Runs native code in this thread, so that the thread is not ended meanwhile.
 *
 * @throws EngineError `engine/cancelled` when the thread is about to be ended
 */
export async function callNative<T>(action: () => Promise<T>): Promise<T> {
  const state = getEnvironmentData(environmentKey) as Int32Array | undefined;
  if (state === undefined) return action();
  Atomics.add(state, runningCalls, 1);
  try {
    if (Atomics.load(state, isClosed) === 1) {
      throw new EngineError('engine/cancelled', 'The thread of the engine is being closed.');
    }
    return await action();
  } finally {
    Atomics.sub(state, runningCalls, 1);
  }
}
