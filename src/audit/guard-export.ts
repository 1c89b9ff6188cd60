import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '../arrays/batch.ts';
import type { Samples } from '../data/samples.ts';
import { selectSamples } from '../data/select-samples.ts';
import { guardModels, type GuardFile } from '../manifold/guard-models.ts';
import type { GuardLevel, GuardSettings } from '../guard/guard-module.ts';
import { describeGuard } from '../guard/guard-readme.ts';
import { createNetworks } from '../manifold/create-networks.ts';
import { ManifoldError } from '../manifold/manifold-error.ts';
import { manifoldScores } from '../manifold/manifold-scores.ts';
import type { Manifold } from '../manifold/manifold.ts';
import { squeezeRange } from '../manifold/squeeze.ts';
import type { TrainedManifold } from '../manifold/trained-manifold.ts';
import type { Classifier } from '../model/classifier.ts';
import type { AnswerForm } from '../model/logit-form.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { proportion } from '../report/statistics.ts';
import { thresholdAtRate } from '../uncertainty/threshold.ts';
import { toolVersion } from './tool-version.ts';
import { topAnswers } from './top-answers.ts';

/** Everything that a guard is made of. */
export interface GuardParts {
  readonly classifier: Classifier;
  /** What the saved model answers. */
  readonly answers: AnswerForm;
  /** Fingerprint of the model. */
  readonly model: string;
  readonly manifold: Manifold;
  readonly trained: TrainedManifold;
  /** Labelled samples that the model was not trained on. */
  readonly samples: Samples;
  /** Samples that the manifold has not learned from, where it learned from these data. */
  readonly allowed: readonly number[] | undefined;
  /** Report of the latest audit, which gives the figures under attack. */
  readonly report: AuditReport | undefined;
}

const falsePositiveRates = [0.01, 0.05, 0.1] as const;

/** Samples that thresholds are set on, and that they are tried on, at most. */
const mostSamples = 1000;
const fewestSamples = 20;

/**
 * Makes the files of a guard: models, module, settings, README. Thresholds are set on one half of the
 * chosen samples and tried on the other. The same parts give the same files.
 *
 * @throws ManifoldError `manifold/too-few-samples`
 */
export async function makeGuard(parts: GuardParts): Promise<GuardFile[]> {
  const { trained, samples, report } = parts;
  const { record } = trained;
  const { calibration, others } = divide(parts);
  const [setOn, triedOn] = [await measure(parts, calibration), await measure(parts, others)];
  const levels = falsePositiveRates.map(rate => levelAt(rate, setOn, triedOn));
  const settings: GuardSettings = {
    version: 1,
    assay: toolVersion,
    engine: record.engine,
    manifold: record.key,
    seed: record.seed,
    model: parts.model,
    data: samples.fingerprint,
    inputShape: record.inputShape,
    sampleShape: createNetworks(record.sizes).sampleShape,
    latentSize: record.sizes.latentSize,
    units: { offset: record.scale.offset, scale: record.scale.scale },
    bounds: record.scale.bounds,
    squeeze: record.recipe.inverterInput === 'noise-and-squeeze' ? squeezeRange : null,
    answers: parts.answers,
    calibrationCount: calibration.length,
    levels,
  };
  const audited = report?.manifold?.trained === true && report.manifold.key === record.key;
  const readme = describeGuard(settings, {
    before: proportion(triedOn.rightBefore, others.length),
    after: proportion(triedOn.rightAfter, others.length),
    report: audited && report.model.fingerprint === parts.model ? report : undefined,
  });
  return [
    ...guardModels(trained),
    ...(await moduleFiles()),
    { path: 'README.md', content: readme },
    { path: 'guard.json', content: `${JSON.stringify(settings, null, 2)}\n` },
  ];
}

function divide({ samples, trained, allowed }: GuardParts): {
  calibration: readonly number[];
  others: readonly number[];
} {
  const candidates = allowed ?? Array.from({ length: samples.count }, (_, index) => index);
  const chosen = selectSamples(candidates.length, 2 * mostSamples, {
    rule: 'random',
    seed: trained.record.seed,
  }).map(position => candidates[position] as number);
  const half = Math.floor(chosen.length / 2);
  if (half < fewestSamples) {
    throw new ManifoldError(
      'manifold/too-few-samples',
      `Thresholds of a guard need at least ${2 * fewestSamples} samples that the manifold has not learned from, and get ${candidates.length}.`,
      { remedy: 'Give more samples in "data", other than those of "manifold.data".' },
    );
  }
  return { calibration: chosen.slice(0, half), others: chosen.slice(half) };
}

interface Measured {
  readonly errors: Float64Array;
  readonly divergences: Float64Array;
  readonly rightBefore: number;
  readonly rightAfter: number;
}

async function measure(
  { samples, manifold, classifier }: GuardParts,
  indices: readonly number[],
): Promise<Measured> {
  const { inputs, labels } = await samples.read(indices);
  const scores = await manifoldScores(manifold, classifier, inputs);
  const countRight = async (batch: Batch): Promise<number> =>
    topAnswers(await classifier.logits(batch)).predictions.filter((one, row) => one === labels[row])
      .length;
  return {
    errors: scores['reconstruction-error'] as Float64Array,
    divergences: scores['reconstruction-divergence'] as Float64Array,
    rightBefore: await countRight(inputs),
    rightAfter: await countRight(await manifold.reconstruct(inputs)),
  };
}

/** Each threshold may refuse half, so that both together refuse at most the whole rate. */
function levelAt(falsePositiveRate: number, setOn: Measured, triedOn: Measured): GuardLevel {
  const thresholds = {
    reconstructionError: thresholdAtRate(setOn.errors, falsePositiveRate / 2).value,
    divergence: thresholdAtRate(setOn.divergences, falsePositiveRate / 2).value,
  };
  const refused = triedOn.errors.filter(
    (error, row) =>
      error > thresholds.reconstructionError ||
      (triedOn.divergences[row] as number) > thresholds.divergence,
  ).length;
  const { value, lower, upper, total } = proportion(refused, triedOn.errors.length);
  return {
    falsePositiveRate,
    thresholds,
    realised: { refused, count: total, rate: value ?? 0, lower, upper },
  };
}

/** The module, as the bundler left it beside this bundle, or in `dist/` when run from the sources. */
async function moduleFiles(): Promise<GuardFile[]> {
  const beside = join(import.meta.dirname, 'guard');
  const folder = existsSync(beside) ? beside : join(import.meta.dirname, '../../dist/guard');
  return await Promise.all(
    ['guard.ts', 'guard.js', 'guard.d.ts'].map(async path => ({
      path,
      content: await readFile(join(folder, path)),
    })),
  );
}
