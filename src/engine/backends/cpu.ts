import * as tf from '@tensorflow/tfjs-core';
import { type Backend } from './backend.ts';

/** Starts the plain JavaScript backend: slow, without limits of memory, a reference for the others. */
export async function startCpuBackend(): Promise<Backend> {
  const { version_cpu: version } = await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  return {
    engine: 'cpu',
    backendName: 'cpu',
    version: `tfjs-backend-cpu ${version}`,
    rowsAreExact: true,
  };
}
