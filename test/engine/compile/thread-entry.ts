/** Runs in a worker thread: opens an engine of its own and sends back what it computes. */
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { type EngineOptions, openEngine } from '../../../src/engine/open-engine.ts';
import { describeError } from '../../../src/errors/assay-error.ts';

export interface ThreadTask {
  readonly seed: number;
  readonly options: EngineOptions;
}

/** What the thread answers. */
export type ThreadAnswer =
  | { readonly problem: string }
  | {
      readonly name: string;
      readonly version: string;
      readonly notes: readonly string[];
      readonly values: Float32Array | undefined;
    };

async function computeInThread({ seed, options }: ThreadTask): Promise<ThreadAnswer> {
  try {
    const engine = await openEngine(options);
    const softmax = engine.prepare({
      name: 'softmax',
      inputs: [[4]],
      compute: x => [tf.softmax(tf.mul(x, seed))],
    });
    const input = Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1);
    const [values] = await softmax.run(2, [input]);
    for (let i = 0; i < 200; i++) await softmax.run(2, [input]);
    const { name, version, notes } = engine;
    engine.dispose();
    return { name, version, notes, values };
  } catch (error) {
    return { problem: describeError(error) };
  }
}

void computeInThread(workerData as ThreadTask).then(answer => parentPort?.postMessage(answer));
