import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variables that say where temporary files go, on every platform. */
const variables = ['TMPDIR', 'TMP', 'TEMP'] as const;

/** One folder below which all tests of a run make theirs, so that none is left behind. */
export async function setup(): Promise<() => Promise<void>> {
  const root = await mkdtemp(join(tmpdir(), 'assay-tests-'));
  for (const variable of variables) process.env[variable] = root;
  return () => rm(root, { recursive: true, force: true, maxRetries: 3 });
}
