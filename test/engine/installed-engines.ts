import { isTensorflowInstalled } from '../../src/engine/backends/tensorflow.ts';
import type { Engine, EngineName } from '../../src/engine/engine.ts';
import { openEngine, type EngineOptions } from '../../src/engine/open-engine.ts';

/** Where `npm run test:tensorflow` has built @tensorflow/tfjs-node. */
const folder = process.env['ASSAY_TENSORFLOW_FOLDER'];
const moduleFolders = folder === undefined ? [] : [folder];

/** The TensorFlow.js backends that can run on this machine. */
export function installedEngines(): Exclude<EngineName, 'native'>[] {
  const withTensorflow = isTensorflowInstalled(moduleFolders);
  return ['wasm', 'cpu', ...(withTensorflow ? (['tensorflow'] as const) : [])];
}

/** Opens one of the {@link installedEngines}. */
export function openInstalledEngine(options: EngineOptions): Promise<Engine> {
  return openEngine({ ...options, moduleFolders });
}
