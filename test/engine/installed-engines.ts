import { type EngineName } from '../../src/engine/engine.ts';

/** The TensorFlow.js backends that can run on this machine. */
export function installedEngines(): Promise<EngineName[]> {
  return Promise.resolve(['wasm', 'cpu']);
}
