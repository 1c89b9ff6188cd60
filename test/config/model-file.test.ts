import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModelFile, recogniseModelFile } from '../../src/config/model-file.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const model = {
  format: 'graph-model',
  modelTopology: { node: [] },
  weightsManifest: [
    { paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: [] },
    { paths: ['group2-shard1of1.bin'], weights: [] },
  ],
};

describe('a file called model.json', () => {
  test('is a model when it has topology and weights, with or without a byte order mark', () => {
    const shards = ['group1-shard1of2.bin', 'group1-shard2of2.bin', 'group2-shard1of1.bin'];
    expect(recogniseModelFile(JSON.stringify(model))).toEqual({ shards });
    expect(recogniseModelFile(`\uFEFF${JSON.stringify(model, null, 2)}`)).toEqual({ shards });
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '"model"',
    '{"name": "a car"}',
    '{"modelTopology": {}}',
    '{"modelTopology": null, "weightsManifest": []}',
    '{"modelTopology": {}, "weightsManifest": {}}',
    '[{"paths": [], "weights": []}]',
    'version https://git-lfs.github.com/spec/v1',
  ])('is none: %j', text => {
    expect(recogniseModelFile(text)).toBeUndefined();
  });

  test('is read from disk, and is none when it cannot be', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'model.json');
    expect(await readModelFile(path)).toBeUndefined();
    expect(await readModelFile(folder)).toBeUndefined();
    await writeFile(path, JSON.stringify(model));
    expect((await readModelFile(path))?.shards).toHaveLength(3);
  });
});
