import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withRelativePaths } from '../../src/extension/relative-paths.ts';

const folder = resolve('/home/ada/digits');

test('names the files of a folder as they are called inside it', () => {
  const report = join('.assay', 'reports', 'report.json');
  const labels = join('data', 'labels.idx');
  expect(
    withRelativePaths(
      `${join(folder, report)}: It does not fit "${join(folder, labels)}".`,
      folder,
    ),
  ).toBe(`${report}: It does not fit "${labels}".`);
});

test('leaves paths of other folders alone', () => {
  const message = `${resolve('/mnt/home/ada/digits/labels.idx')}, ${resolve('/home/ada/digits-2/labels.idx')}`;
  expect(withRelativePaths(message, folder)).toBe(message);
});
