import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Bundles the sources before the tests that run the bundles: worker, tensor threads, command line. */
export function setup(): void {
  const root = resolve(import.meta.dirname, '..');
  const { status, stderr, stdout } = spawnSync(process.execPath, ['esbuild.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The bundles cannot be built:\n${stdout}\n${stderr}`);
}
