import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { picturedReport } from '../audit/pictured-report.ts';
import { runCli } from './run-cli.ts';

describe('assay pictures', () => {
  test('writes what a report has kept as PNG, and says what is in each', async () => {
    const { path } = await picturedReport();
    const folder = dirname(path);
    const { exitCode, output } = await runCli(folder, ['pictures', 'report.json', '-n', '4']);
    expect(exitCode).toBe(0);
    await expect(output).toMatchFileSnapshot('golden/pictures.txt');
    for (const [, name = ''] of output.matchAll(/^(.*?): /gm)) {
      const { width, channels } = decode(await readFile(join(folder, name)));
      expect([width, channels]).toEqual([4 + 4 * 12, 3]);
    }
  });

  test('says what is missing: an audit, or pictures at all', async () => {
    const { folder } = await IrisWorkspace.make();
    const before = await runCli(folder, ['pictures']);
    expect(before.exitCode).toBe(2);
    expect(before.problems).toContain('There is no report yet. Run an audit.');
    await runCli(folder, ['audit', '--engine', 'wasm', '--threads', '1', '--samples', '5']);
    const after = await runCli(folder, ['pictures', 'models/iris-mlp/model.json']);
    expect(after.exitCode).toBe(2);
    expect(after.problems).toContain('Tables cannot be shown as pictures.');
  });
});
