import { relative, resolve } from 'node:path';
import { exportGuard } from '../audit/manifold-calls.ts';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import { findSubjects } from './audit-command.ts';
import { exitCodes } from './exit-codes.ts';

/** Options of `assay guard export`, as commander parses them. */
export interface GuardFlags {
  readonly config?: string;
  readonly engine: EngineChoice;
  readonly quiet: boolean;
  /** Folder to write to. */
  readonly output: string;
}

/**
 * Exports the guard of a model.
 *
 * @returns the exit code
 * @throws AssayError when there is no trained manifold, or the folder cannot be written
 */
export async function exportGuardCommand(path: string, flags: GuardFlags): Promise<number> {
  const { config, models } = await findSubjects(resolve(path), flags.config);
  const [modelPath] = models;
  const folder = resolve(flags.output);
  const options = {
    config,
    engine: flags.engine,
    ...(modelPath === undefined ? {} : { modelPath }),
  };
  for (const name of await exportGuard(options, folder)) {
    if (!flags.quiet) process.stdout.write(`${relative('', folder)}/${name}\n`);
  }
  return exitCodes.met;
}
