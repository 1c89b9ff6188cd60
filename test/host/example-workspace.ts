import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const example = resolve(import.meta.dirname, '../../examples/digits');

/** What an audit of the example needs: not the training set, nor what trained the models. */
const copiedParts = ['src', 'models', 'data/t10k-images-idx3-ubyte', 'data/t10k-labels-idx1-ubyte'];

/**
 * Makes `folder` a fresh copy of the example, which a test may change and audit.
 *
 * @param changes fields of `assay.config.json` that are to have other values, for example fewer
 *   samples
 */
export async function createExampleWorkspace(
  folder: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of copiedParts) {
    await cp(join(example, part), join(folder, part), { recursive: true });
  }
  const file = await readFile(join(example, 'assay.config.json'), 'utf8');
  const config = { ...(JSON.parse(file) as Record<string, unknown>), ...changes };
  // The path to the schema is wrong in a copy; the editor knows the schema by the file's name.
  delete config['$schema'];
  const text = JSON.stringify(config, undefined, 2);
  await writeFile(join(folder, 'assay.config.json'), `${text}\n`);
}
