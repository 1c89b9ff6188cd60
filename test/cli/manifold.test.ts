import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeIrisManifold } from '../audit/iris-manifold.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { runCli } from './run-cli.ts';

async function folderWithManifold(): Promise<string> {
  const { folder } = await IrisWorkspace.make();
  await writeIrisManifold(folder, { steps: 100 });
  return folder;
}

describe('assay manifold', () => {
  test('trains once, and the audit then shows natural adversaries and corrections', async () => {
    const folder = await folderWithManifold();
    const trained = await runCli(folder, ['manifold', 'train']);
    expect(trained.exitCode).toBe(0);
    const key = /^Manifold ([0-9a-f]{16}): 100 steps/m.exec(trained.output)?.[1] ?? '';
    await access(join(folder, '.assay/manifolds', key, 'manifold.npz'));
    const again = await runCli(folder, ['manifold', 'train']);
    expect(again.output).toContain(key);

    const audited = await runCli(folder, ['audit', '--threads', '1']);
    expect(audited.output).toContain('Natural adversary, gradient search');
    expect(audited.output).toContain('reconstruction, adversary who knows of it');
  });

  test('says what is missing from a configuration without a manifold', async () => {
    const { folder } = await IrisWorkspace.make();
    const { exitCode, problems } = await runCli(folder, ['manifold', 'train']);
    expect(exitCode).toBe(2);
    expect(problems).toContain('The configuration has no "manifold"');
  });
});
