import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `task` while no other process holds the lock file, and waits for as long as one does. A lock
 * whose process has died counts as free.
 */
export async function withLock<T>(lockFile: string, task: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lockFile), { recursive: true });
  while (!(await tryToTake(lockFile))) await delay(250);
  try {
    return await task();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function tryToTake(lockFile: string): Promise<boolean> {
  try {
    await writeFile(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
    const owner = Number(await readFile(lockFile, 'utf8').catch(() => ''));
    // 0 is a lock that is being written, or has just been given back: look again.
    if (owner > 0 && !isAlive(owner)) await rm(lockFile, { force: true });
    return false;
  }
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}
