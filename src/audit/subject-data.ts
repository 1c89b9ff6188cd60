import type { DataConfig } from '../config/data-config.ts';
import { openSamples } from '../data/open-samples.ts';
import type { Samples } from '../data/samples.ts';
import type { Classifier } from '../model/classifier.ts';
import { divideSamples, type SampleDivision } from './sample-division.ts';
import type { AuditSubject, SourceRecord } from './subject.ts';
import type { UncertaintyParts } from './uncertainty-session.ts';

/** The samples of an audit: audited ones, those that scores are fitted on, those of other kinds. */
export interface SubjectData {
  readonly samples: Samples;
  readonly division: SampleDivision;
  readonly fitting: UncertaintyParts['fitting'];
  readonly outside: ReadonlyMap<string, Samples>;
  /** What the manifold learns from; undefined without one. */
  readonly manifoldData: Samples | undefined;
}

/**
 * Opens every source of the subject and divides its samples.
 *
 * @throws AssayError that names file, row and reason
 */
export async function openSubjectData(
  subject: AuditSubject,
  classifier: Classifier,
): Promise<SubjectData> {
  const { bounds, classNames: names } = subject.input;
  const open = (source: DataConfig, ignoreLabels = false): Promise<Samples> =>
    openSamples(source, {
      shape: classifier.inputShape,
      bounds,
      classCount: classifier.classCount,
      ...(source.storedRange === undefined ? {} : { storedRange: source.storedRange }),
      ...(names === undefined ? {} : { classNames: names }),
      ...(ignoreLabels ? { ignoreLabels } : {}),
    });
  const samples = await open(subject.data);
  const { calibration } = subject.uncertainty;
  const given = calibration.data === undefined ? samples : await open(calibration.data);
  // Whoever names the audited data once more does not mean to fit on what is measured.
  const own = given.fingerprint === samples.fingerprint ? samples : given;
  const division = divideSamples({
    ...subject.selection,
    dataCount: samples.count,
    dataFingerprint: samples.fingerprint,
    fit: own === samples ? calibration.samples : 0,
    seed: subject.seed,
  });
  const outside = new Map<string, Samples>();
  for (const { name, data } of subject.outside) outside.set(name, await open(data, true));
  const manifoldData =
    subject.manifold === undefined ? undefined : await open(subject.manifold.config.data, true);
  const indices =
    own === samples
      ? division.fit
      : divideSamples({
          count: calibration.samples,
          selection: 'random',
          dataCount: own.count,
          dataFingerprint: own.fingerprint,
          fit: 0,
          seed: subject.seed,
        }).samples;
  return { samples, division, fitting: { samples: own, indices }, outside, manifoldData };
}

/** A source of samples as the record of the subject has it. */
export function sourceRecord(name: string, { files, fingerprint, count }: Samples): SourceRecord {
  return { name, files, fingerprint, count };
}
