import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Flag } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from './iris-workspace.ts';

/** All of a table is used: the first half audited, the second the separate clean set. */
async function flagsOf(change: (table: string) => Promise<void>, samples: number): Promise<Flag[]> {
  const workspace = await IrisWorkspace.make();
  await workspace.configure({
    data: { format: 'csv', file: 'train.csv', label: 'species' },
    attacks: [],
    samples,
  });
  await change(join(workspace.folder, 'train.csv'));
  const { report } = await workspace.audit();
  return report.flags.filter(({ id }) => id === 'copied-samples');
}

test('the one pair of equal flowers that Iris is known for is found, and no other', async () => {
  const [flag, ...others] = await flagsOf(async file => {
    const [, ...rest] = (await readFile(join(file, '../test.csv'), 'utf8')).split('\n');
    await appendFile(file, rest.join('\n'));
  }, 75);
  expect(others).toEqual([]);
  expect(flag?.severity).toBe('info');
  expect(flag?.message).toMatch(/^1 copy among 150 samples, with the same input as an earlier one/);
});

test('nothing is said where every sample is another', async () => {
  expect(await flagsOf(() => Promise.resolve(), 50)).toEqual([]);
});

test('of copies, those with another label and those in both sets are told', async () => {
  const [flag] = await flagsOf(async file => {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const copies = lines.slice(1).map(line => line.replace(/[a-z]+$/, 'setosa'));
    await appendFile(file, `${copies.join('\n')}\n`);
  }, 100);
  expect(flag?.severity).toBe('warning');
  // A hundred different flowers, of which two thirds are no setosa.
  expect(flag?.message).toMatch(/^100 copies among 200 samples/);
  expect(flag?.message).toMatch(
    / With another label than the original, [^:]+: (6[5-9]|7[0-2]) of them\./,
  );
  expect(flag?.message).toMatch(/ In the separate clean set: \d+ of them/);
});
