import { appendFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FileStamp } from '../../src/report/audit-report.ts';
import {
  describeStaleness,
  findStaleFiles,
  hashFile,
  stampFile,
} from '../../src/report/staleness.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

let folder: string;
let stamps: FileStamp[];

beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'model.json'), '{}');
  await writeFile(join(folder, 'weights.bin'), 'abc');
  stamps = [
    await stampFile(folder, join(folder, 'model.json'), 'model'),
    await stampFile(folder, join(folder, 'weights.bin'), 'weights'),
  ];
});

describe('a report is stale when the content of a file has changed', () => {
  test('SHA-256 of "abc" is the published one', async () => {
    expect(await hashFile(join(folder, 'weights.bin'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test('nothing changed', async () => {
    expect(await findStaleFiles(folder, stamps)).toEqual([]);
  });

  test('another time with the same content is not stale', async () => {
    await utimes(join(folder, 'weights.bin'), 1, 1);
    expect(await findStaleFiles(folder, stamps)).toEqual([]);
  });

  test('other content of the same size is stale', async () => {
    await writeFile(join(folder, 'weights.bin'), 'abd');
    await utimes(join(folder, 'weights.bin'), 1, 1);
    const stale = await findStaleFiles(folder, stamps);
    expect(stale).toEqual([{ path: 'weights.bin', role: 'weights', change: 'changed' }]);
    expect(describeStaleness(stale)).toBe('the weights changed (weights.bin)');
  });

  test('another size and a missing file are stale', async () => {
    await appendFile(join(folder, 'model.json'), ' ');
    await rm(join(folder, 'weights.bin'));
    const stale = await findStaleFiles(folder, stamps);
    expect(stale.map(({ change }) => change)).toEqual(['changed', 'missing']);
    expect(describeStaleness(stale)).toBe('the model changed (model.json and 1 more)');
    expect(describeStaleness([])).toBeUndefined();
  });

  test('a file outside the folder is not looked at', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'secret');
    const stamp = await stampFile(folder, join(outside, 'secret'), 'data');
    expect(await findStaleFiles(folder, [stamp])).toEqual([
      { path: stamp.path, role: 'data', change: 'missing' },
    ]);
  });
});
