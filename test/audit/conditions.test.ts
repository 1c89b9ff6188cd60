import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import { runAudit } from '../../src/audit/run-audit.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import { openNpz } from '../../src/numpy/open-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { openInline } from './inline-executor.ts';

const example = resolve(import.meta.dirname, '../../examples/digits');
const files = ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'] as const;
const audited = 20;
const pictureCount = 8;

/** Stripes, the wider the higher the number. */
function stripes(width: number): Uint8Array {
  const data = Uint8Array.from({ length: 784 }, (_, i) => (Math.floor(i / width) % 2) * 255);
  return encode({ width: 28, height: 28, data, channels: 1 });
}

/** Audits digits beside a folder of pictures, without subfolders, that are no digits. */
async function auditDigits() {
  const folder = await temporaryFolder();
  await cp(join(example, 'models/digits-cnn'), join(folder, 'models/digits-cnn'), {
    recursive: true,
  });
  for (const file of files) await copyFile(join(example, 'data', file), join(folder, file));
  await mkdir(join(folder, 'strange'));
  for (let width = 1; width <= pictureCount; width++) {
    await writeFile(join(folder, `strange/stripes ${width}.png`), stripes(width));
  }
  const path = join(folder, 'assay.config.json');
  const config = {
    version: 1,
    models: ['models/digits-cnn/model.json'],
    data: { format: 'idx', inputs: files[0], labels: files[1] },
    samples: audited,
    attacks: [{ attack: 'fgsm', norm: 'L2', epsilon: 2 }],
    conditions: [
      { condition: 'matched-noise' },
      { condition: 'corruption', corruption: 'rotation', severity: 4 },
      {
        condition: 'out-of-distribution',
        name: 'Stripes',
        data: { format: 'images', folder: 'strange' },
      },
    ],
    uncertainty: { passes: 30, calibration: { samples: 200 } },
  };
  await writeFile(path, JSON.stringify(config));
  const { report, reportPath } = await runAudit({
    config: await readConfig(path),
    modelPath: join(folder, 'models/digits-cnn/model.json'),
    overrides: {},
    engine: 'auto',
    resume: false,
    toolVersion: 'test',
    openExecutor: openInline,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  return { report, reports: join(reportPath, '..') };
}

test('clean digits are held against noise of the size of an attack, corruptions and a folder of pictures', async () => {
  const { report, reports } = await auditDigits();
  expect(report.conditions.map(({ kind, state, total }) => [kind, state, total])).toEqual([
    ['clean', 'finished', audited],
    ['baseline', 'finished', audited],
    ['attack', 'finished', audited],
    ['control', 'finished', audited],
    ['corruption', 'finished', audited],
    ['out-of-distribution', 'finished', pictureCount],
  ]);

  const inputsOf = async (kind: string): Promise<Float32Array> => {
    const id = report.conditions.find(condition => condition.kind === kind)?.id ?? '';
    const archive = await openNpz(join(reports, report.arrays[id] ?? 'missing'));
    return (await (await archive.array('inputs')).readRows(0, audited)) as Float32Array;
  };
  const [clean, attacked, noisy] = [
    await inputsOf('clean'),
    await inputsOf('attack'),
    await inputsOf('control'),
  ];
  const distance = (changed: Float32Array, sample: number): number =>
    Math.hypot(
      ...clean
        .subarray(784 * sample, 784 * (sample + 1))
        .map((value, i) => value - (changed[784 * sample + i] ?? NaN)),
    );
  for (let sample = 0; sample < audited; sample++) {
    expect(distance(attacked, sample)).toBeGreaterThan(0.5);
    expect(distance(noisy, sample)).toBeCloseTo(distance(attacked, sample), 3);
  }

  const { detection } = report;
  expect(detection?.splits).toMatchObject({ fit: 200, threshold: audited, test: audited });
  const outside = report.conditions.find(({ kind }) => kind === 'out-of-distribution')?.id;
  const rows = detection?.rows.filter(({ condition }) => condition === outside) ?? [];
  expect(rows.map(({ score }) => score)).toEqual(
    detection?.scores.filter(({ missing }) => missing === undefined).map(({ name }) => name),
  );
  for (const { count, separation } of rows) {
    expect(count).toBe(pictureCount);
    expect(separation?.baseRate).toBeCloseTo(pictureCount / (pictureCount + audited), 12);
    expect(separation?.auroc.lower).toBeLessThanOrEqual(separation?.auroc.value ?? NaN);
    expect(separation?.auroc.upper).toBeGreaterThanOrEqual(separation?.auroc.value ?? NaN);
  }
  const distances = rows.find(({ score }) => score === 'nearest-neighbour');
  expect(distances?.separation?.auroc.value).toBeGreaterThan(0.9);
});
