import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths, version_wasm as version } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../engine-error.ts';
import { registerKernels } from '../kernels/register-kernels.ts';
import type { Backend } from './backend.ts';
import { here } from './here.ts';
import { type AllocatingModule, WasmMemoryGuard } from './wasm-memory.ts';

/** The binary that every Node since 16 takes; next to it lie one without SIMD and one with threads. */
const binaryName = 'tfjs-backend-wasm-simd.wasm';

export interface WasmBackend extends Backend {
  readonly memory: WasmMemoryGuard;
}

let started: Promise<WasmBackend> | undefined;

/**
 * Starts the WebAssembly backend of this thread, or returns the one that runs already: its heap
 * belongs to the thread.
 *
 * @param directory where the three `.wasm` files are; found by itself next to a bundle or in
 *   node_modules when it is left out
 * @throws EngineError `engine/unavailable` when the files are missing or WebAssembly does not start
 */
export function startWasmBackend(directory?: string): Promise<WasmBackend> {
  started ??= start(directory ?? findWasmDirectory()).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start(directory: string): Promise<WasmBackend> {
  if (!existsSync(join(directory, binaryName))) throw missingBinaries(directory);
  setWasmPaths(directory + sep);
  await withoutProcessHandlers(() => tf.setBackend('wasm'));
  if (tf.getBackend() !== 'wasm') {
    throw new EngineError('engine/unavailable', 'The WebAssembly engine does not start here.', {
      remedy: 'Update Node.js, or choose the engine `cpu`.',
    });
  }
  registerKernels('wasm');
  // The type of the Emscripten module is not part of the package's own types.
  const { wasm: module } = tf.backend() as unknown as { readonly wasm: AllocatingModule };
  return {
    engine: 'wasm',
    backendName: 'wasm',
    version: `tfjs-backend-wasm ${version}`,
    rowsAreExact: true,
    memory: new WasmMemoryGuard(module),
  };
}

function findWasmDirectory(): string {
  if (existsSync(join(here, binaryName))) return here;
  try {
    const require = createRequire(join(here, 'wasm.js'));
    return dirname(require.resolve(`@tensorflow/tfjs-backend-wasm/dist/${binaryName}`));
  } catch {
    throw missingBinaries(here);
  }
}

function missingBinaries(directory: string): EngineError {
  return new EngineError('engine/unavailable', `${binaryName} is missing.`, {
    place: { file: join(directory, binaryName) },
    remedy: 'Install Assay again.',
  });
}

/**
 * Emscripten installs handlers on the process that throw every unhandled error again. They are not
 * the business of a tensor library, so they are taken away.
 */
async function withoutProcessHandlers(action: () => Promise<unknown>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map(event => new Set(process.rawListeners(event)));
  await action();
  events.forEach((event, index) => {
    for (const listener of process.rawListeners(event)) {
      if (before[index]?.has(listener) === false) {
        process.removeListener(event, listener as (...parts: unknown[]) => void);
      }
    }
  });
}
