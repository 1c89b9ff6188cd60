import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const cli = resolve(import.meta.dirname, '../../dist/cli.cjs');

/**
 * Trains the manifold of a workspace until it has been evaluated as often as asked for, and then kills
 * the process, as a machine that is switched off would.
 *
 * @throws Error when the training ends before
 */
export async function leaveHalfTrained(folder: string, evaluations: number): Promise<void> {
  const training = spawn(process.execPath, [cli, 'manifold', 'train', folder, '--quiet'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = once(training, 'exit');
  const checkpoints = new Set<number>();
  while (checkpoints.size < evaluations) {
    if (training.exitCode !== null) throw new Error('The training ended early.');
    const time = await checkpointTime(folder);
    if (time !== undefined) checkpoints.add(time);
    await setTimeout(50);
  }
  training.kill('SIGKILL');
  await end;
}

/** When the last checkpoint was written; undefined while there is none. */
async function checkpointTime(folder: string): Promise<number | undefined> {
  const root = join(folder, '.assay', 'manifolds');
  const [key] = await readdir(root).catch(() => []);
  if (key === undefined) return undefined;
  const file = await stat(join(root, key, 'checkpoint.npz')).catch(() => undefined);
  return file?.mtimeMs;
}
