import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPictures } from '../../src/extension/sample-pictures.ts';
import { writeNpz } from '../../src/numpy/write-numpy.ts';
import type { SampleRecord } from '../../src/report/audit-report.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const shape = [2, 2, 1];
/** Where the samples are in the data set. */
const indices = [70, 3, 41];

const none = { inputs: {}, reconstructions: {} };

/** Pixels that tell which sample and which condition they belong to. */
const pixels = (offset: number) => Float32Array.from({ length: 12 }, (_, i) => offset + i / 16);

async function writeArrays(path: string, offset: number, reconstructed = false): Promise<void> {
  await writeNpz(path, {
    ...(reconstructed
      ? { reconstruction: { values: pixels(offset + 50), shape: [indices.length, ...shape] } }
      : {}),
    inputs: { values: pixels(offset), shape: [indices.length, ...shape] },
    logits: { values: new Float32Array(6), shape: [3, 2] },
    labels: { values: new Int32Array(3), shape: [3] },
    indices: { values: Int32Array.from(indices), shape: [3] },
  });
}

function sampleAt(index: number, ...conditions: readonly string[]): SampleRecord {
  const result = { prediction: 0, confidence: 1 };
  return {
    index,
    id: String(index),
    label: 0,
    role: 'sample',
    conditions: Object.fromEntries(conditions.map(id => [id, result])),
  };
}

async function report() {
  const root = await temporaryFolder();
  const folder = join(root, '.assay', 'reports', 'digits');
  await mkdir(folder, { recursive: true });
  await writeArrays(join(folder, 'clean.npz'), 0);
  await writeArrays(join(folder, 'fgsm.npz'), 100, true);
  return { root, folder, path: join(folder, 'report.json') };
}

describe('pictures', () => {
  test('are the rows of the sample, wherever it stands in the arrays', async () => {
    const { path } = await report();
    const arrays = { clean: 'clean.npz', fgsm: 'fgsm.npz' };
    const samples = [sampleAt(3, 'clean', 'fgsm'), sampleAt(41, 'clean', 'fgsm')];
    const pictures = await readPictures(path, { samples, arrays }, 41);
    expect(pictures).toEqual({
      inputs: { clean: pixels(0).slice(8, 12), fgsm: pixels(100).slice(8, 12) },
      reconstructions: { clean: {}, fgsm: { reconstruction: pixels(150).slice(8, 12) } },
    });
    expect(pictures.inputs['clean']).toBeInstanceOf(Float32Array);
  });

  test('are left out for conditions that are not finished for the sample', async () => {
    const { path } = await report();
    const arrays = { clean: 'clean.npz', fgsm: 'fgsm.npz' };
    const pictures = await readPictures(path, { samples: [sampleAt(3, 'clean')], arrays }, 3);
    expect(Object.keys(pictures.inputs)).toEqual(['clean']);
  });

  test('are none for an unknown sample, and for arrays that are not there', async () => {
    const { path } = await report();
    const arrays = { clean: 'gone.npz' };
    expect(await readPictures(path, { samples: [sampleAt(3, 'clean')], arrays }, 3)).toEqual(none);
    expect(await readPictures(path, { samples: [], arrays }, 3)).toEqual(none);
    const absent = { samples: [sampleAt(99, 'clean')], arrays: { clean: 'clean.npz' } };
    expect(await readPictures(path, absent, 99)).toEqual(none);
  });

  test('are never read from elsewhere, whatever the report says', async () => {
    const { root, folder, path } = await report();
    await writeArrays(join(root, 'secret.npz'), 7);
    await symlink(join(root, 'secret.npz'), join(folder, 'linked.npz'));
    const samples = [sampleAt(3, 'clean')];
    for (const name of ['../../../secret.npz', 'linked.npz', join(root, 'secret.npz')]) {
      expect(await readPictures(path, { samples, arrays: { clean: name } }, 3)).toEqual(none);
    }
  });
});
