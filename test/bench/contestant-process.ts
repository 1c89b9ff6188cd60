/**
 * Runs the workloads on TensorFlow.js, operation by operation, in a process of its own: `stock` is
 * tfjs-wasm as it comes from npm, `wasm` ours, `tensorflow` @tensorflow/tfjs-node. Reads lines
 * `workload batch` and answers each with the time on the clock and of the processor in milliseconds,
 * or with `failed` and the reason.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { openEngine } from '../../src/engine/open-engine.ts';
import { addTensorMethods } from '../../src/engine/tensor-methods.ts';
import type { Step } from '../engine/compile/training-steps.ts';
import { workloads } from './engine-workloads.ts';
import { timed } from './timing.ts';

const [, , name, folder] = process.argv;

async function open(): Promise<void> {
  if (name === 'stock') {
    tf.env().set('PROD', true);
    const binary = '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
    setWasmPaths(dirname(createRequire(import.meta.url).resolve(binary)) + sep);
    await tf.setBackend('wasm');
    addTensorMethods();
    return;
  }
  await openEngine({
    name: name === 'tensorflow' ? 'tensorflow' : 'wasm',
    moduleFolders: folder === undefined ? [] : [folder],
  });
}

function run({ compute, shapes, inputs }: Step): Promise<void> {
  tf.tidy(() => {
    const tensors = inputs.map((input, index) => tf.tensor(input, [...(shapes[index] ?? [])]));
    for (const output of compute(...tensors)) output.dataSync();
  });
  return Promise.resolve();
}

await open();
console.log('ready');
let current: { readonly key: string; readonly step: Step } | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const [workload = '', batch = ''] = line.split('\t');
  try {
    if (current?.key !== line) {
      const step = workloads.find(other => other.name === workload)?.step(Number(batch));
      if (step === undefined) throw new Error(`there is no workload ${workload}`);
      current = { key: line, step };
    }
    const { step } = current;
    const { clock, processor } = await timed(() => run(step));
    console.log(`${clock} ${processor}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`failed ${reason.replaceAll(/\s+/g, ' ')}`);
  }
}
