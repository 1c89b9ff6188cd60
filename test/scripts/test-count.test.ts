import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTestCount, sumTestCounts } from '../../scripts/test-count.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-counts-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

test('counts of Vitest and of the tests in the editor are read alike', async () => {
  const vitest = written('unit.json', { success: false, numPassedTests: 7, numFailedTests: 2 });
  const editor = written('editor.json', { passed: 3, failed: 1, skipped: 0 });
  const counts = [await readTestCount(vitest), await readTestCount(editor)];
  expect(sumTestCounts(counts.filter(count => count !== undefined))).toEqual({
    passed: 10,
    failed: 3,
  });
});

test('a run that wrote no results has no count', async () => {
  expect(await readTestCount(join(folder, 'missing.json'))).toBeUndefined();
});
