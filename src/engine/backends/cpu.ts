import * as tf from '@tensorflow/tfjs-core';
import { registerKernels } from '../kernels/register-kernels.ts';
import type { Backend } from './backend.ts';

let started: Promise<Backend> | undefined;

/** Starts the plain JavaScript backend: slow, without limits of memory, a reference for the others. */
export function startCpuBackend(): Promise<Backend> {
  started ??= start();
  return started;
}

async function start(): Promise<Backend> {
  const { version_cpu: version } = await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  registerKernels('cpu');
  return {
    engine: 'cpu',
    backendName: 'cpu',
    version: `tfjs-backend-cpu ${version}`,
    rowsAreExact: true,
  };
}
