import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from './backends/backend.ts';
import { startCpuBackend } from './backends/cpu.ts';
import { startTensorflowBackend } from './backends/tensorflow.ts';
import { startWasmBackend } from './backends/wasm.ts';
import { defaultMemoryLimitBytes } from './backends/wasm-memory.ts';
import { EagerEngine } from './eager-engine.ts';
import { EngineError } from './engine-error.ts';
import type { ExecutionProvider } from './compile/session.ts';
import type { Engine, EngineName } from './engine.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { addTensorMethods } from './tensor-methods.ts';

export interface EngineOptions {
  /**
   * Which engine; `auto`, the default, takes `native` where Assay has it and it loads, and `wasm`,
   * which runs everywhere, where not.
   */
  readonly name?: 'auto' | EngineName;
  /** Folder of the three `.wasm` files, where they are neither next to the bundle nor installed. */
  readonly wasmDirectory?: string;
  /** Most bytes that tensors may take on the heap of the wasm engine; at most 3.5 GiB, the default. */
  readonly memoryLimitBytes?: number;
  /** Most samples that go through a function at a time. 128 when it is left out. */
  readonly maximumBatch?: number;
  /**
   * Folders in which the package of an engine that is asked for by name is looked for, for example
   * that of the workspace, beside the folder of Assay itself.
   */
  readonly moduleFolders?: readonly string[];
}

/**
 * Opens an engine in this thread. TensorFlow.js has one global state, so engines of one thread share
 * it; they may be used side by side.
 *
 * @throws EngineError `engine/unavailable` when the engine is not installed or does not start
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const { name = 'auto' } = options;
  switch (name) {
    case 'auto':
      return openFastestEngine(options);
    case 'native':
      return openNative(options, options.moduleFolders ?? []);
    case 'wasm':
    case 'cpu':
    case 'tensorflow':
      return openEagerEngine(name, options);
  }
}

/** The native engine, or wasm by itself, with the reason in its notes. */
async function openFastestEngine(options: EngineOptions): Promise<Engine> {
  try {
    // Native code from another folder is loaded only for whoever asks for that engine by its name.
    return await openNative(options, []);
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'engine/unavailable')) throw error;
    return openEagerEngine('wasm', options, [`The native engine is not used. ${error.message}`]);
  }
}

async function openNative(
  options: EngineOptions,
  moduleFolders: readonly string[],
): Promise<Engine> {
  const { openNativeEngine } = await import('./compile/native-engine.ts');
  return openNativeEngine({
    eager: await openEagerEngine('wasm', options),
    moduleFolders,
    provider: await chosenProvider(),
  });
}

/** Name of the environment variable that turns on a graphics card. */
const providerVariable = 'ASSAY_EXECUTION_PROVIDER';

async function chosenProvider(): Promise<ExecutionProvider> {
  const { executionProviders } = await import('./compile/session.ts');
  const name = process.env[providerVariable] ?? 'cpu';
  const provider = executionProviders.find(known => known === name);
  if (provider !== undefined) return provider;
  throw new EngineError('engine/unknown-provider', `There is no execution provider ${name}.`, {
    place: { field: providerVariable },
    remedy: `Choose one of ${executionProviders.join(', ')}.`,
  });
}

type EagerEngineName = Exclude<EngineName, 'native'>;

async function openEagerEngine(
  name: EagerEngineName,
  options: EngineOptions,
  notes: readonly string[] = [],
): Promise<Engine> {
  // Without this the library prints advice on the console and warns of kernels that we replace.
  tf.env().set('PROD', true);
  const backend = await startBackend(name, options);
  addTensorMethods();
  registerGradients();
  return new EagerEngine(backend, options.maximumBatch ?? 128, notes);
}

async function startBackend(name: EagerEngineName, options: EngineOptions): Promise<Backend> {
  switch (name) {
    case 'wasm': {
      const backend = await startWasmBackend(options.wasmDirectory);
      backend.memory.limitBytes = options.memoryLimitBytes ?? defaultMemoryLimitBytes;
      return backend;
    }
    case 'cpu':
      return startCpuBackend();
    case 'tensorflow':
      return startTensorflowBackend(options.moduleFolders ?? []);
  }
}
