import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Gives the configuration of an iris workspace a manifold of its training data. */
export async function writeIrisManifold(
  folder: string,
  settings: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const path = join(folder, 'assay.config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const data = config['data'] as Record<string, unknown>;
  const manifold = { data: { ...data, file: 'train.csv' }, ...settings };
  await writeFile(path, JSON.stringify({ ...config, manifold, ...changes }));
}
