import { AssayError } from '../errors/assay-error.ts';
import { ConfigError } from '../config/config-error.ts';
import type { ResolvedConfig } from '../config/resolve-config.ts';
import { ThreadPool } from '../engine/thread-pool.ts';
import type { EngineChoice, ManifoldProgress } from '../protocol/worker-protocol.ts';
import type { ManifoldSubject, TrainedSummary } from './manifold-workshop.ts';
import { tensorThreadPath } from './thread-executor.ts';

/** What can be asked of a thread that works with a manifold. */
export type ManifoldCall =
  | { readonly method: 'train' }
  | { readonly method: 'pictures'; readonly folder: string }
  | { readonly method: 'guard'; readonly folder: string };

/** `train`: undefined when it was stopped. The others: names of the files that were written. */
export type ManifoldAnswer = TrainedSummary | undefined | readonly string[];

export interface ManifoldOptions {
  readonly config: ResolvedConfig;
  /** Absolute path of a `model.json`; the first of the configuration when it is left out. */
  readonly modelPath?: string;
  readonly engine: EngineChoice;
  readonly onProgress?: (progress: ManifoldProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains the manifold of a configuration on a thread, or returns the one that is trained already.
 * Stopping keeps a checkpoint, from which the next call goes on.
 *
 * @returns undefined when the signal was raised
 * @throws AssayError when the configuration has no manifold, or the data cannot be learned
 */
export async function trainConfiguredManifold(
  options: ManifoldOptions,
): Promise<TrainedSummary | undefined> {
  return (await call(options, { method: 'train' })) as TrainedSummary | undefined;
}

/** Draws the pictures of the study. @param folder absolute @returns names of the files */
export async function drawManifoldPictures(
  options: ManifoldOptions,
  folder: string,
): Promise<readonly string[]> {
  return (await call(options, { method: 'pictures', folder })) as readonly string[];
}

/**
 * Exports the guard of a model: its trained manifold, thresholds, and a module for the application.
 *
 * @param folder absolute; new, empty, or an earlier guard
 * @returns names of the files
 */
export async function exportGuard(
  options: ManifoldOptions,
  folder: string,
): Promise<readonly string[]> {
  return ((await call(options, { method: 'guard', folder })) ?? []) as readonly string[];
}

async function call(
  { config, modelPath = config.models[0], engine, onProgress, signal }: ManifoldOptions,
  request: ManifoldCall,
): Promise<ManifoldAnswer> {
  const { manifold } = config;
  if (manifold === undefined || modelPath === undefined) {
    throw new ConfigError('config/invalid', 'The configuration has no "manifold".', {
      place: { file: config.file },
      remedy: 'Add "manifold": { "data": … } with the data that it is to learn.',
    });
  }
  const subject: ManifoldSubject = {
    purpose: 'manifold',
    folder: config.folder,
    modelPath,
    input: config.config.input,
    data: config.data,
    manifold,
    seed: config.config.seed,
    engine,
  };
  const pool = new ThreadPool<ManifoldCall, ManifoldAnswer, ManifoldProgress>({
    module: tensorThreadPath(),
    size: 1,
    data: subject,
  });
  try {
    return await pool.run(request, {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  } catch (error) {
    // Stopping is what was asked for: the checkpoint of the last evaluation is on disk.
    if (error instanceof AssayError && error.code === 'engine/cancelled') return undefined;
    throw error;
  } finally {
    await pool.close();
  }
}
