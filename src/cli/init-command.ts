import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { writeAtomically } from '../audit/atomic-file.ts';
import { configFileName } from '../config/audit-config.ts';
import { ConfigError } from '../config/config-error.ts';
import { draftConfig } from '../config/draft-config.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * Writes a first configuration beside the model, with the data found near it.
 *
 * @returns the exit code
 * @throws ConfigError when there is one already, or no such model
 */
export async function initCommand(model: string): Promise<number> {
  const modelPath = resolve(model);
  if (!existsSync(modelPath)) {
    throw new ConfigError('config/unknown-model', 'There is no such model.', {
      place: { file: model },
    });
  }
  const folder = process.cwd();
  const root = modelPath.startsWith(folder) ? folder : dirname(modelPath);
  const path = join(root, configFileName);
  if (existsSync(path)) {
    throw new ConfigError('config/invalid', 'There is a configuration already.', {
      place: { file: relative('', path) },
      remedy: 'Add the model to its "models".',
    });
  }
  await writeAtomically(path, await draftConfig(root, modelPath));
  process.stdout.write(
    `${relative('', path)} written: look through "data" and "input" before the first audit.\n`,
  );
  return exitCodes.met;
}
