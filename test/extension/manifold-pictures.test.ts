import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifoldPictures } from '../../src/extension/manifold-pictures.ts';
import { writeNpz } from '../../src/numpy/write-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { reportWithManifold } from '../webview/sample-manifold.ts';

test('what the manifold holds is read from beside the report and from nowhere else', async () => {
  const root = await temporaryFolder();
  const folder = join(root, 'reports');
  await mkdir(folder);
  const random = Float32Array.from({ length: 32 }, (_, i) => i / 32);
  const ways = Float32Array.from({ length: 48 }, (_, i) => 1 - i / 48);
  await writeNpz(join(root, 'elsewhere.npz'), {
    random: { values: random, shape: [2, 4, 4, 1] },
    ways: { values: ways, shape: [3, 4, 4, 1] },
  });
  const path = join(folder, 'report.json');
  const report = reportWithManifold(3);
  expect(await readManifoldPictures(path, report)).toBeUndefined();
  await symlink(join(root, 'elsewhere.npz'), join(folder, 'manifold-pictures.npz'));
  expect(await readManifoldPictures(path, report)).toBeUndefined();

  const own = { ...report, manifold: withFile(report, 'own.npz') };
  await writeNpz(join(folder, 'own.npz'), {
    random: { values: random, shape: [2, 4, 4, 1] },
    ways: { values: ways, shape: [3, 4, 4, 1] },
  });
  expect(await readManifoldPictures(path, own)).toEqual({
    kind: 'manifold-pictures',
    shape: [4, 4, 1],
    bounds: [0, 1],
    random,
    ways,
  });
});

function withFile(
  { manifold }: ReturnType<typeof reportWithManifold>,
  file: string,
): typeof manifold {
  if (manifold?.trained !== true || manifold.pictures === undefined) return manifold;
  return { ...manifold, pictures: { ...manifold.pictures, file } };
}
