/** Runs in a worker thread: opens a native engine of its own and sends back what it computes. */
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { openNativeEngine } from '../../../src/engine/compile/native-engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { describeError } from '../../../src/errors/assay-error.ts';

async function computeInThread(seed: number): Promise<unknown> {
  const eager = await openEngine({ name: 'cpu' });
  try {
    const engine = await openNativeEngine({ eager });
    const softmax = engine.prepare({
      name: 'softmax',
      inputs: [[4]],
      compute: x => [tf.softmax(tf.mul(x, seed))],
    });
    const [first] = await softmax.run(2, [Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1)]);
    for (let i = 0; i < 200; i++) await softmax.run(2, [Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1)]);
    engine.dispose();
    return { engine: engine.version, notes: engine.notes, values: first };
  } catch (error) {
    return { problem: describeError(error) };
  }
}

void computeInThread(workerData as number).then(result => parentPort?.postMessage(result));
