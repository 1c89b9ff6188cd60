import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withLock } from './lock.ts';

describe('a lock', () => {
  let folder: string;
  let lockFile: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-lock-'));
    lockFile = join(folder, 'deeper', 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('lets one in at a time', async () => {
    let inside = 0;
    let mostInside = 0;
    const enter = async (): Promise<void> => {
      mostInside = Math.max(mostInside, ++inside);
      await delay(20);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(lockFile, enter)));
    expect(mostInside).toBe(1);
    expect(existsSync(lockFile)).toBe(false);
  });

  test('is given back when the task fails', async () => {
    const failing = withLock(lockFile, () => Promise.reject(new Error('no room')));
    await expect(failing).rejects.toThrow('no room');
    expect(await withLock(lockFile, () => Promise.resolve('done'))).toBe('done');
  });

  test('of a process that has died is free', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await withLock(lockFile, () => Promise.resolve());
    writeFileSync(lockFile, String(pid));
    expect(await withLock(lockFile, () => Promise.resolve('done'))).toBe('done');
  });

  test('in a place that cannot be written to is an error, not a wait', async () => {
    writeFileSync(join(folder, 'file'), '');
    const impossible = withLock(join(folder, 'file', 'lock'), () => Promise.resolve());
    await expect(impossible).rejects.toThrow();
  });
});
