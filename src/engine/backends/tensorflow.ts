import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../engine-error.ts';
import { registerGradients } from '../gradients/register-gradients.ts';
import { registerKernels } from '../kernels/register-kernels.ts';
import type { Backend } from './backend.ts';
import { here } from './here.ts';
import { findPackage, type InstalledPackage } from './installed-package.ts';

const packageName = '@tensorflow/tfjs-node';

/** What of the package is used. */
interface TfjsNode {
  readonly version: { readonly 'tfjs-node': string };
}

let started: Promise<Backend> | undefined;

/**
 * Starts TensorFlow's own library through @tensorflow/tfjs-node, where that is installed.
 *
 * @param folders where to look for the package, before the folder of Assay itself
 * @throws EngineError `engine/unavailable` when it is not installed or does not load
 */
export function startTensorflowBackend(folders: readonly string[]): Promise<Backend> {
  started ??= start(folders).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

/** Whether @tensorflow/tfjs-node is installed in one of the folders or next to Assay. */
export function isTensorflowInstalled(folders: readonly string[] = []): boolean {
  return findPackage(packageName, [...folders, here]) !== undefined;
}

async function start(folders: readonly string[]): Promise<Backend> {
  const found = findPackage(packageName, [...folders, here]);
  if (found === undefined) {
    throw new EngineError('engine/unavailable', `The package ${packageName} is not installed.`, {
      remedy: `Install it next to the model (npm install ${packageName}), or choose the engine \`auto\`.`,
    });
  }
  const { version } = load(found);
  await tf.setBackend('tensorflow');
  registerKernels('tensorflow');
  return {
    engine: 'tensorflow',
    backendName: 'tensorflow',
    version: `tfjs-node ${version['tfjs-node']}`,
    rowsAreExact: false,
  };
}

function load(installed: InstalledPackage): TfjsNode {
  restoreNodeUtilities();
  // Otherwise TensorFlow tells on the terminal which instructions the processor has.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  try {
    return installed.load() as TfjsNode;
  } catch (error) {
    throw new EngineError('engine/unavailable', `The package ${packageName} does not load.`, {
      place: { file: installed.path },
      remedy: `Repair it (npm rebuild ${packageName} --build-addon-from-source), or choose the engine \`auto\`.`,
      cause: error,
    });
  } finally {
    // The package brings the gradients and the cpu kernels of TensorFlow.js along, also when it fails
    // later: ours take their places again.
    registerGradients();
    registerKernels('cpu');
  }
}

/** The package calls functions that Node has had no more since version 23. */
export function restoreNodeUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  utilities['isArray'] ??= (value: unknown) => Array.isArray(value);
}
