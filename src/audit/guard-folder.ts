import { randomBytes } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuardFile } from '../manifold/guard-models.ts';
import { cannotWrite, makeFolder, writeAtomically } from './atomic-file.ts';
import { AuditError } from './audit-error.ts';

/** What a folder of an exported guard consists of; anything else in it is somebody's own. */
const guardEntries: ReadonlySet<string> = new Set([
  'README.md',
  'generator',
  'guard.d.ts',
  'guard.js',
  'guard.json',
  'guard.ts',
  'inverter',
]);

/**
 * Writes a guard: into a new folder beside, which then takes the name. An earlier guard is replaced
 * as a whole, so that models and thresholds always belong together.
 *
 * @param folder absolute; new, empty, or an earlier guard
 * @throws AuditError `audit/folder-in-use`, `audit/cannot-write`
 */
export async function writeGuardFolder(folder: string, files: readonly GuardFile[]): Promise<void> {
  await refuseOtherContent(folder);
  const mark = randomBytes(6).toString('hex');
  const [fresh, former] = [`${folder}.${mark}.tmp`, `${folder}.${mark}.old`];
  try {
    for (const { path, content } of files) await writeAtomically(join(fresh, path), content);
    await makeFolder(dirname(folder));
    const replaced = await rename(folder, former).then(
      () => true,
      () => false,
    );
    await rename(fresh, folder);
    if (replaced) await rm(former, { recursive: true, force: true });
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw cause instanceof AuditError ? cause : cannotWrite(folder, cause);
  }
}

async function refuseOtherContent(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cannotWrite(folder, cause);
  });
  const [other] = entries.filter(name => !guardEntries.has(name));
  if (other === undefined) return;
  throw new AuditError(
    'audit/folder-in-use',
    `The folder holds something other than a guard: ${other}.`,
    { place: { file: folder }, remedy: 'Choose a new folder, an empty one, or an earlier guard.' },
  );
}
