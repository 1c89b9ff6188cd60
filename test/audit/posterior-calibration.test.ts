import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { openNpz } from '../../src/numpy/open-numpy.ts';
import type { CalibrationRecord, Detection } from '../../src/report/detection-record.ts';
import { calibrationTable } from '../../src/report/detection-table.ts';
import { openEnsemble } from '../../src/uncertainty/ensemble.ts';
import { lastLayerLaplace } from '../../src/uncertainty/last-layer-laplace.ts';
import type { Posterior } from '../../src/uncertainty/posterior.ts';
import { IrisWorkspace } from './iris-workspace.ts';

const audited = 25;
const passes = 40;
const seed = 3;
const modelOptions = {
  bounds: { lower: 0, upper: 8 },
  preprocessing: {
    mean: [5.83, 3.09, 3.72, 1.2],
    standardDeviation: [0.81, 0.42, 1.76, 0.78],
  },
};

const engine = await openEngine({ name: 'wasm' });

afterAll(() => engine.dispose());

/** Iris as the configuration has it, apart from how it is made Bayesian. */
async function workspaceWith(uncertainty: object): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  await workspace.addOtherModel();
  await workspace.configure({
    samples: audited,
    seed,
    attacks: [{ attack: 'fgsm', norm: 'L2', epsilon: 0.5 }],
    conditions: [],
    uncertainty,
  });
  return workspace;
}

interface Audited {
  readonly detection: Detection;
  /** The clean audited samples. */
  readonly inputs: Batch;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
  readonly logits: Batch;
}

async function audit(workspace: IrisWorkspace): Promise<Audited> {
  const { report, reportPath } = await workspace.audit({ engine: 'wasm' });
  const archive = await openNpz(join(reportPath, '..', report.arrays['clean'] ?? 'missing'));
  const read = async (name: string) => (await archive.array(name)).readRows(0, audited);
  if (report.detection === undefined) throw new Error('nothing was scored');
  return {
    detection: report.detection,
    inputs: new Batch((await read('inputs')) as Float32Array, [4]),
    labels: (await read('labels')) as Int32Array,
    indices: (await read('indices')) as Int32Array,
    logits: new Batch((await read('logits')) as Float32Array, [3]),
  };
}

/** e^z over their sum: small logits, so nothing overflows. */
function probabilitiesOf(logits: readonly number[]): number[] {
  const exponentials = logits.map(Math.exp);
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map(value => value / sum);
}

/** The mean over all passes of the probabilities of each sample. */
async function meanPrediction(posterior: Posterior, audit: Audited): Promise<number[][]> {
  const means: number[][] = [];
  const sampleIndices = [...audit.indices];
  await posterior.draw(audit.inputs, { passes, seed, sampleIndices }, (sample, logits) => {
    const drawn = Array.from({ length: logits.length / 3 }, (_, pass) =>
      probabilitiesOf([...logits.subarray(3 * pass, 3 * pass + 3)]),
    );
    means[sample] = [0, 1, 2].map(
      k => drawn.reduce((sum, p) => sum + (p[k] ?? NaN), 0) / drawn.length,
    );
  });
  return means;
}

/** ECE in 15 bins, negative log-likelihood and Brier score as their definitions say. */
function expectCalibration(
  record: CalibrationRecord | undefined,
  predictions: readonly number[][],
  labels: Int32Array,
): void {
  const count = predictions.length;
  const gaps = Array.from({ length: 15 }, () => 0);
  let logarithms = 0;
  let brier = 0;
  predictions.forEach((p, sample) => {
    const label = labels[sample] ?? -1;
    const confidence = Math.max(...p);
    const bin = Math.ceil(15 * confidence) - 1;
    gaps[bin] = (gaps[bin] ?? 0) + confidence - (p.indexOf(confidence) === label ? 1 : 0);
    logarithms -= Math.log(p[label] ?? NaN);
    p.forEach((value, k) => (brier += (value - (k === label ? 1 : 0)) ** 2));
  });
  const expectedError = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / count;
  expect(record?.count).toBe(count);
  expect(record?.expectedError).toBeCloseTo(expectedError, 6);
  expect(record?.negativeLogLikelihood).toBeCloseTo(logarithms / count, 6);
  expect(record?.brier).toBeCloseTo(brier / count, 6);
}

function rowNames(detection: Detection): string[] {
  const table = calibrationTable({ conditions: [], detection });
  return table?.rows.map(([name]) => name?.replace(/\d+\.\d+/, 'T') ?? '') ?? [];
}

test('a Laplace posterior is calibrated by its passes and by the probit approximation, beside the model', async () => {
  const training = { format: 'csv', file: 'train.csv', label: 'species' };
  const workspace = await workspaceWith({
    method: 'laplace',
    passes,
    calibration: { samples: 100, data: training },
  });
  const found = await audit(workspace);
  const { detection, labels, logits } = found;
  const flowers = (await readFile(join(workspace.folder, 'train.csv'), 'utf8')).trim().split('\n');
  const measures = flowers.slice(1).flatMap(line => line.split(',').slice(0, 4).map(Number));
  const posterior = await lastLayerLaplace(engine, await readSavedModel(workspace.modelPath), {
    ...modelOptions,
    calibration: new Batch(Float32Array.from(measures), [4]),
  });
  if (!posterior.applicable) throw new Error(posterior.reason);

  const { calibration } = detection;
  const rows = (batch: Batch) =>
    Array.from({ length: audited }, (_, sample) => probabilitiesOf([...batch.row(sample)]));
  expectCalibration(calibration?.asSaved, rows(logits), labels);
  expectCalibration(calibration?.monteCarlo, await meanPrediction(posterior, found), labels);
  const probit = rows(await posterior.probitLogits(found.inputs));
  expectCalibration(calibration?.probit, probit, labels);
  expect(rowNames(detection)).toEqual([
    'As saved',
    'Temperature T',
    'Mean of 40 passes of last-layer-laplace',
    'Probit, without passes',
  ]);

  // Kept pieces hold all that it is made from.
  const again = await audit(workspace);
  expect(again.detection.calibration).toEqual(calibration);
});

test('a Laplace posterior is scaled to the training set: as many as its data, or as configured', async () => {
  const data = { format: 'csv', file: 'train.csv', label: 'species' };
  const audits: Detection[] = [];
  for (const calibration of [
    { samples: 30, data },
    { samples: 30, data, trainingSamples: 9000 },
  ]) {
    const workspace = await workspaceWith({ method: 'laplace', passes, calibration });
    audits.push((await audit(workspace)).detection);
  }
  const descriptions = audits.map(({ posterior }) =>
    posterior.applicable ? posterior.description : posterior.reason,
  );
  expect(descriptions[0]).toContain('from 30 samples, scaled to 100 of training)');
  expect(descriptions[1]).toContain('from 30 samples, scaled to 9000 of training)');
  const informations = audits.map(({ rows }) => {
    const row = rows.find(
      ({ condition, score }) => condition === 'clean' && score === 'mutual-information',
    );
    return row?.mean.value ?? NaN;
  });
  expect(informations[1]).toBeLessThan((informations[0] ?? NaN) / 5);
});

test('an ensemble is calibrated by the mean of its members, which is the same every time', async () => {
  const workspace = await workspaceWith({
    method: 'ensemble',
    models: ['models/other/model.json'],
  });
  const found = await audit(workspace);
  const members = await Promise.all(
    ['iris-mlp', 'other'].map(name =>
      readSavedModel(join(workspace.folder, 'models', name, 'model.json')),
    ),
  );
  const posterior = await openEnsemble(engine, members, modelOptions);
  if (!posterior.applicable) throw new Error(posterior.reason);
  const { calibration } = found.detection;
  expectCalibration(calibration?.monteCarlo, await meanPrediction(posterior, found), found.labels);
  expect(calibration?.monteCarlo).not.toEqual(calibration?.asSaved);
  expect(calibration).not.toHaveProperty('probit');
  expect(rowNames(found.detection).at(-1)).toBe('Mean of 2 passes of ensemble');
});

test('without a posterior the model alone is calibrated', async () => {
  const { detection } = await audit(await workspaceWith({ method: 'stochastic' }));
  expect(detection.posterior.applicable).toBe(false);
  expect(rowNames(detection)).toEqual(['As saved', 'Temperature T']);
});
