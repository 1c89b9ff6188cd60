import { isTensorflowInstalled } from '../../src/engine/backends/tensorflow.ts';
import type { EngineName } from '../../src/engine/engine.ts';

/** The TensorFlow.js backends that can run on this machine. */
export function installedEngines(): Exclude<EngineName, 'native'>[] {
  return ['wasm', 'cpu', ...(isTensorflowInstalled() ? (['tensorflow'] as const) : [])];
}
