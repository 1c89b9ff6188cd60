import { relative, resolve } from 'node:path';
import {
  drawManifoldPictures,
  type ManifoldOptions,
  trainConfiguredManifold,
} from '../audit/manifold-calls.ts';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import { duration } from '../report/wording.ts';
import { findSubjects } from './audit-command.ts';
import { exitCodes } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';
import { counted } from '../wording/counted.ts';

/** Options of `assay manifold …`, as commander parses them. */
export interface ManifoldFlags {
  readonly config?: string;
  readonly engine: EngineChoice;
  readonly quiet: boolean;
  /** Folder to write to. */
  readonly output?: string;
}

/**
 * Trains the manifold of a configuration, or goes on where it was interrupted.
 *
 * @returns the exit code
 * @throws AssayError when it cannot be trained
 */
export async function trainManifoldCommand(path: string, flags: ManifoldFlags): Promise<number> {
  return await withOptions(path, flags, async options => {
    const trained = await trainConfiguredManifold(options);
    if (trained === undefined) return exitCodes.impossible;
    const { key, steps, seconds, heldOutError, errorOfMean, notes } = trained;
    if (!flags.quiet) {
      const share = (100 * (1 - heldOutError / errorOfMean)).toFixed(1);
      process.stdout.write(
        `Manifold ${key}: ${counted(steps, 'step')}, ${duration(seconds)}. Reconstructions explain ${share}% of the variance of held-out samples.\n`,
      );
      for (const note of notes) process.stderr.write(`${note}\n`);
    }
    return exitCodes.met;
  });
}

/** Draws the pictures of a manifold as PNG files. @returns the exit code */
export async function manifoldPicturesCommand(path: string, flags: ManifoldFlags): Promise<number> {
  return await withOptions(path, flags, async options => {
    const folder = resolve(flags.output ?? 'manifold-pictures');
    for (const name of await drawManifoldPictures(options, folder)) {
      if (!flags.quiet) process.stdout.write(`${relative('', folder)}/${name}\n`);
    }
    return exitCodes.met;
  });
}

async function withOptions(
  path: string,
  flags: ManifoldFlags,
  work: (options: ManifoldOptions) => Promise<number>,
): Promise<number> {
  const { config } = await findSubjects(resolve(path), flags.config);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const line = new ProgressLine(process.stderr, flags.quiet);
  try {
    return await work({
      config,
      engine: flags.engine,
      signal: stop.signal,
      onProgress: ({ step, steps, secondsLeft, losses }) => {
        const error =
          losses === undefined ? '' : `, held-out error ${losses.heldOutError.toPrecision(3)}`;
        line.show({
          kind: 'progress',
          phase: `Training the manifold${error}`,
          fraction: step / steps,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        });
      },
    });
  } finally {
    line.clear();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
