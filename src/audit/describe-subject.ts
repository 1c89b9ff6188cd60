import type { OpenedSubject } from './open-subject.ts';
import type { ManifoldState, SubjectRecord } from './subject.ts';
import { sourceRecord } from './subject-data.ts';

/** What was opened, for plan and report. */
export async function describeSubject(opened: OpenedSubject): Promise<SubjectRecord> {
  const { subject, engine, saved, model, uncertainty, others, manifold } = opened;
  const { samples, fitting, outside, manifoldData } = opened.data;
  const { description } = model;
  const { bounds, classNames: givenNames } = subject.input;
  return {
    model: {
      format: description.format,
      fingerprint: saved.fingerprint,
      inputShape: [...description.inputShape],
      classCount: description.classCount,
      classNames: classNames(description.classCount, givenNames),
      bounds: [bounds[0], bounds[1]],
      parameterCount: description.parameterCount,
      logits: description.logits,
      notes: [...description.notes],
    },
    modelFiles: saved.files,
    dataFiles: samples.files,
    dataFingerprint: samples.fingerprint,
    dataCount: samples.count,
    engine: { name: engine.name, version: engine.version },
    posterior: await uncertainty.describe(),
    scored: subject.uncertainty.method !== 'off',
    calibration:
      fitting.samples === samples ? undefined : sourceRecord('calibration', fitting.samples),
    companionFiles: uncertainty.companions.flatMap(({ files }) => files),
    uncertaintyFingerprint: uncertainty.fingerprint(),
    outside: [...outside].map(([name, source]) => sourceRecord(name, source)),
    transferFrom: others.describe(),
    manifold: manifoldData === undefined ? undefined : (manifold?.describe() ?? notTrained),
    manifoldData: manifoldData === undefined ? undefined : sourceRecord('manifold', manifoldData),
  };
}

const notTrained: ManifoldState = {
  trained: false,
  reason: 'The manifold of the configuration is not trained yet.',
  remedy: 'Train it with "assay manifold train", or with the command "Assay: Train Manifold".',
};

function classNames(count: number, given: readonly string[] | undefined): string[] {
  return Array.from({ length: count }, (_, i) => given?.[i] ?? String(i));
}
