import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AuditError } from './audit-error.ts';

/**
 * Writes a file so that a reader sees the old content or the new, never a part: into a temporary
 * file beside it, then renamed. Folders are made as needed.
 *
 * @throws AuditError `audit/cannot-write` when there is no space or no permission
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cannotWrite(path, cause);
  }
}

/** Makes a folder and those above it. @throws AuditError `audit/cannot-write` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Says in words why a file could not be written. */
export function cannotWrite(path: string, cause: unknown): AuditError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const place = { file: path };
  if (code === 'ENOSPC') {
    return new AuditError('audit/cannot-write', 'There is no space left on the disk.', {
      place,
      remedy: 'Free some space and run the audit again: what was finished is kept.',
      cause,
    });
  }
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new AuditError(
    'audit/cannot-write',
    denied ? 'The file may not be written here.' : 'The file cannot be written.',
    { place, remedy: 'Check the folder’s permissions.', cause },
  );
}
