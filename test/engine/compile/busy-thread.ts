/** A thread of a pool that multiplies matrices on the native engine until it is ended. */
import { workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { openEngine, type EngineOptions } from '../../../src/engine/open-engine.ts';
import { serveTasks, type TaskContext } from '../../../src/engine/thread-tasks.ts';

const size = 512;

async function multiply(_: unknown, context: TaskContext<number>): Promise<never> {
  const engine = await openEngine(workerData as EngineOptions);
  const product = engine.prepare({
    name: 'product',
    inputs: [[size]],
    compute: x => [tf.matMul(x, tf.ones<tf.Rank.R2>([size, size]))],
  });
  const input = new Float32Array(size * size).fill(1);
  for (let calls = 1; ; calls++) {
    await product.run(size, [input]);
    context.report(calls);
  }
}

serveTasks(multiply);
