import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { GuardSettings } from '../../src/guard/guard-module.ts';
import { writeIrisManifold } from '../audit/iris-manifold.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { runCli } from '../cli/run-cli.ts';

let workspace: IrisWorkspace;

beforeAll(async () => {
  workspace = await IrisWorkspace.make();
  await writeIrisManifold(workspace.folder, { steps: 100 });
});

const exportTo = (output: string) =>
  runCli(workspace.folder, ['guard', 'export', '-o', join(workspace.folder, output)]);

async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(e => join(e.parentPath, e.name));
  const contents = await Promise.all(paths.map(path => readFile(path, 'base64')));
  return new Map(paths.map((path, i) => [path.slice(folder.length), contents[i] ?? '']));
}

describe('assay guard export', () => {
  test('says how to train where nothing is trained, and leaves no folder', async () => {
    const { exitCode, problems } = await exportTo('early');
    expect(exitCode).toBe(2);
    expect(problems).toContain('assay manifold train');
    expect(await readdir(workspace.folder)).not.toContain('early');
  });

  test('writes the same files every time, and figures of the latest audit', async () => {
    await runCli(workspace.folder, ['manifold', 'train']);
    expect((await exportTo('guard')).exitCode).toBe(0);
    const folder = join(workspace.folder, 'guard');
    const first = await filesOf(folder);
    expect([...first.keys()].sort()).toEqual([
      '/README.md',
      '/generator/group1-shard1of1.bin',
      '/generator/model.json',
      '/guard.d.ts',
      '/guard.js',
      '/guard.json',
      '/guard.ts',
      '/inverter/group1-shard1of1.bin',
      '/inverter/model.json',
    ]);
    expect((await exportTo('guard')).exitCode).toBe(0);
    expect(await filesOf(folder)).toEqual(first);
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain('There is no audit');

    const { report } = await workspace.audit();
    await exportTo('guard');
    const readme = await readFile(join(folder, 'README.md'), 'utf8');
    expect(readme).toContain('In the latest audit');
    expect(readme).toContain('adversary who knows of it');
    const settings = JSON.parse(
      await readFile(join(folder, 'guard.json'), 'utf8'),
    ) as GuardSettings;
    expect(settings.model).toBe(report.model.fingerprint);
    expect(report.manifold).toMatchObject({ key: settings.manifold });
    expect(settings.answers).toBe('probabilities');
    // Beside it nothing of the writing is left.
    expect((await readdir(workspace.folder)).filter(name => name.startsWith('guard'))).toEqual([
      'guard',
    ]);
  });

  test('touches no folder that holds something else', async () => {
    const folder = join(workspace.folder, 'guard');
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const before = await filesOf(folder);
    const { exitCode, problems } = await exportTo('guard');
    expect(exitCode).toBe(2);
    expect(problems).toContain('notes.txt');
    expect(await filesOf(folder)).toEqual(before);
    await rm(join(folder, 'notes.txt'));
  });
});
