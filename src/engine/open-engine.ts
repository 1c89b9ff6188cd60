import * as tf from '@tensorflow/tfjs-core';
import { type Backend } from './backends/backend.ts';
import { startCpuBackend } from './backends/cpu.ts';
import { startWasmBackend } from './backends/wasm.ts';
import { defaultMemoryLimitBytes } from './backends/wasm-memory.ts';
import { EagerEngine } from './eager-engine.ts';
import { EngineError } from './engine-error.ts';
import { type Engine, type EngineName } from './engine.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { addTensorMethods } from './tensor-methods.ts';

export interface EngineOptions {
  /** Which engine; `auto` (the default) takes the fastest one that is right everywhere. */
  readonly name?: 'auto' | EngineName;
  /** Folder of the three `.wasm` files, where they are neither next to the bundle nor installed. */
  readonly wasmDirectory?: string;
  /** Most bytes that tensors may take on the heap of the wasm engine; at most 3.5 GiB, the default. */
  readonly memoryLimitBytes?: number;
  /** Most samples that go through a function at a time. 128 when it is left out. */
  readonly maximumBatch?: number;
}

/**
 * Opens an engine in this thread. TensorFlow.js has one global state, so engines of one thread share
 * it; they may be used side by side.
 *
 * @throws EngineError `engine/unavailable` when the engine is not installed or does not start
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  // Without this the library prints advice on the console and warns of kernels that we replace.
  tf.env().set('PROD', true);
  const backend = await startBackend(options.name ?? 'auto', options);
  addTensorMethods();
  registerGradients();
  return new EagerEngine(backend, options.maximumBatch ?? 128);
}

async function startBackend(name: 'auto' | EngineName, options: EngineOptions): Promise<Backend> {
  switch (name) {
    case 'auto':
    case 'wasm': {
      const backend = await startWasmBackend(options.wasmDirectory);
      backend.memory.limitBytes = options.memoryLimitBytes ?? defaultMemoryLimitBytes;
      return backend;
    }
    case 'cpu':
      return startCpuBackend();
    case 'tensorflow':
    case 'native':
      throw new EngineError('engine/unavailable', `The engine ${name} is not built in yet.`);
  }
}
