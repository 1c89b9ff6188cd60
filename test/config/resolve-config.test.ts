import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findConfig, isInside, readConfig } from '../../src/config/resolve-config.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

async function workspace(config: string): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'models/a'), { recursive: true });
  await writeFile(join(folder, 'assay.config.json'), config);
  return folder;
}

const config = (models: string) =>
  `{ "version": 1, "models": ${models}, "data": { "format": "csv", "file": "d.csv", "label": "y" } }`;

test('paths become absolute, inside the folder of the configuration', async () => {
  const folder = await workspace(config('["models/a/model.json"]'));
  const resolved = await readConfig(join(folder, 'assay.config.json'));
  expect(resolved.models).toEqual([join(folder, 'models/a/model.json')]);
  expect(resolved.data).toMatchObject({ file: join(folder, 'd.csv') });
});

test.each(['["../model.json"]', '["/etc/model.json"]', '["models/../../x/model.json"]'])(
  'a path that leaves the folder is refused: %s',
  async models => {
    const folder = await workspace(config(models));
    await expect(readConfig(join(folder, 'assay.config.json'))).rejects.toMatchObject({
      code: 'config/outside-folder',
      place: { field: 'models[0]' },
    });
  },
);

test('a missing file is told from a wrong one', async () => {
  const folder = await workspace('{');
  await expect(readConfig(join(folder, 'none.json'))).rejects.toMatchObject({
    code: 'config/not-found',
  });
  await expect(readConfig(join(folder, 'assay.config.json'))).rejects.toMatchObject({
    code: 'config/syntax',
  });
});

test('the nearest configuration is found upwards, not beyond the root', async () => {
  const folder = await workspace(config('["m"]'));
  const model = join(folder, 'models/a/model.json');
  expect(await findConfig(model)).toBe(join(folder, 'assay.config.json'));
  expect(await findConfig(model, join(folder, 'models'))).toBeUndefined();
});

test('inside is by path parts, not by spelling', () => {
  expect(isInside('/a/bc', '/a/b')).toBe(false);
  expect(isInside('/a/b', '/a/b')).toBe(true);
  expect(isInside('/a/..b', '/a')).toBe(true);
});
