import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isInside } from '../config/resolve-config.ts';
import type { FileStamp } from './audit-report.ts';
import { portablePath } from './report-files.ts';

/** Why a report no longer describes what is on disk. */
export interface StaleFile {
  /** Relative to the folder of the configuration. */
  readonly path: string;
  readonly role: FileStamp['role'];
  readonly change: 'changed' | 'missing';
}

/** SHA-256 of a file in hexadecimal, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Describes a file as it is now. */
export async function stampFile(
  folder: string,
  file: string,
  role: FileStamp['role'],
): Promise<FileStamp> {
  const [{ size, mtimeMs }, sha256] = await Promise.all([stat(file), hashFile(file)]);
  return {
    path: portablePath(folder, file),
    role,
    bytes: size,
    modifiedMilliseconds: mtimeMs,
    sha256,
  };
}

/**
 * Files of a report that are not what they were. Size and time decide first; only a file whose
 * time alone has changed (a checkout, a copy) is read and hashed.
 *
 * @param folder absolute folder of the configuration
 */
export async function findStaleFiles(
  folder: string,
  stamps: readonly FileStamp[],
): Promise<StaleFile[]> {
  const found = await Promise.all(
    stamps.map(async (stamp): Promise<StaleFile | undefined> => {
      const { path, role } = stamp;
      const file = join(folder, path);
      // A report may come from anywhere: what it names outside the folder is not even looked at.
      if (!isInside(file, folder)) return { path, role, change: 'missing' };
      const now = await stat(file).catch(() => undefined);
      if (now === undefined) return { path, role, change: 'missing' };
      if (now.size !== stamp.bytes) return { path, role, change: 'changed' };
      if (now.mtimeMs === stamp.modifiedMilliseconds) return undefined;
      return (await hashFile(file)) === stamp.sha256
        ? undefined
        : { path, role, change: 'changed' };
    }),
  );
  return found.filter(file => file !== undefined);
}

/** One sentence for people, or undefined when nothing is stale. */
export function describeStaleness(files: readonly StaleFile[]): string | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const others = files.length > 1 ? ` and ${files.length - 1} more` : '';
  const what = {
    config: 'the configuration',
    model: 'the model',
    weights: 'the weights',
    data: 'the data',
    companion: 'another model of the ensemble',
  };
  return first.change === 'missing'
    ? `${first.path}${others} is no longer there`
    : `${what[first.role]} changed (${first.path}${others})`;
}
