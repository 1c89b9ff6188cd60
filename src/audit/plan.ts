import { createHash } from 'node:crypto';
import type { AttackConfig } from '../config/attack-config.ts';
import { presetSamples, type AuditConfig } from '../config/audit-config.ts';
import type { AuditOverrides } from '../protocol/worker-protocol.ts';
import { AuditError } from './audit-error.ts';
import { furtherConditions, type SkippedCondition } from './further-conditions.ts';
import { correctionStep, naturalConditions, planIllustrations } from './manifold-plan.ts';
import { pieceKeys } from './piece-keys.ts';
import { attackCondition, type PlannedCondition } from './planned-condition.ts';
import { cutConditions, orderPieces, type PlannedPiece } from './planned-piece.ts';
import { divideSamples, type SampleSelection } from './sample-division.ts';
import { planControls } from './control-probes.ts';
import { planCertificates, planProbes, type PlannedProbe } from './probes.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';

/** Which samples are audited how, in which order. */
export interface AuditPlan {
  readonly preset: 'quick' | 'standard' | 'full';
  readonly seed: number;
  readonly selection: 'random' | 'first';
  readonly passes: number;
  readonly samples: readonly number[];
  readonly baseline: readonly number[];
  /** Samples that scores are fitted on. */
  readonly fitCount: number;
  readonly conditions: readonly PlannedCondition[];
  /** Conditions of the configuration that this model cannot be put under. */
  readonly skipped: readonly SkippedCondition[];
  /** Quick and decisive ones first. */
  readonly pieces: readonly PlannedPiece[];
  /** Run after the pieces. */
  readonly probes: readonly PlannedProbe[];
  /** SHA-256 over all keys: identifies the audit. */
  readonly fingerprint: string;
}

/**
 * Plans an audit: chooses the samples and the separate clean set, lays out the conditions and cuts
 * them into pieces.
 *
 * @throws AuditError when there are no samples, or a condition names an attack that is not there
 */
export function planAudit(
  config: AuditConfig,
  overrides: AuditOverrides,
  subject: AuditSubject,
  record: SubjectRecord,
): AuditPlan {
  const { seed, selection } = subject;
  if (record.dataCount === 0) {
    throw new AuditError('audit/no-samples', 'The data set has no samples.', {
      place: { file: record.dataFiles[0] ?? subject.folder },
    });
  }
  const { calibration } = subject.uncertainty;
  const { samples, baseline, fit } = divideSamples({
    ...selection,
    dataCount: record.dataCount,
    dataFingerprint: record.dataFingerprint,
    fit: record.calibration === undefined ? calibration.samples : 0,
    seed,
  });
  const attacks = (config.attacks ?? defaultAttacks(record)).map(attack =>
    attackCondition(attack, samples),
  );
  const further = furtherConditions(config.conditions, { samples, attacks, record, subject });
  const natural = naturalConditions(samples, subject, record);
  const conditions = distinct([
    {
      id: 'clean',
      label: 'Clean',
      kind: 'clean',
      indices: samples,
      attack: undefined,
      step: { kind: 'predict' },
    },
    ...(baseline.length === 0 ? [] : [baselineCondition(baseline)]),
    ...attacks,
    ...further.conditions,
    ...natural.conditions,
  ]);
  const { posterior } = record;
  const passes = posterior.applicable ? posterior.passes : 0;
  const keyOf = pieceKeys(subject, record);
  const pieces = orderPieces(
    cutConditions(
      conditions,
      record.scored ? passes : undefined,
      condition => correctionStep(condition, subject, record),
      keyOf,
    ),
  );
  const probes = [
    ...planProbes(conditions, samples, keyOf),
    ...planControls(conditions, samples, keyOf),
    ...(config.smoothing === undefined ? [] : planCertificates(samples, config.smoothing, keyOf)),
    ...planIllustrations(samples, record, keyOf),
  ];
  const fingerprint = createHash('sha256');
  for (const { key } of pieces) fingerprint.update(key);
  return {
    preset: overrides.preset ?? config.preset,
    seed,
    selection: selection.selection,
    passes,
    samples,
    baseline,
    fitCount:
      record.calibration === undefined
        ? fit.length
        : Math.min(calibration.samples, record.calibration.count),
    conditions,
    skipped: [...further.skipped, ...natural.skipped],
    pieces,
    probes,
    fingerprint: fingerprint.digest('hex'),
  };
}

/** How many samples are audited, by the overrides, the configuration or the preset, in this order. */
export function sampleSelection(config: AuditConfig, overrides: AuditOverrides): SampleSelection {
  const count =
    overrides.samples ??
    (overrides.preset === undefined ? config.samples : undefined) ??
    presetSamples[overrides.preset ?? config.preset];
  return { count, selection: config.selection };
}

function baselineCondition(indices: readonly number[]): PlannedCondition {
  return {
    id: 'baseline',
    label: 'Clean, separate set',
    kind: 'baseline',
    indices,
    attack: undefined,
    step: { kind: 'predict' },
  };
}

/** Without a list: FGSM at a usual size (8/255 for colour, a tenth of the range otherwise), and C&W. */
function defaultAttacks({ model }: SubjectRecord): AttackConfig[] {
  const [lower, upper] = model.bounds;
  const isColour = model.inputShape.length === 3 && model.inputShape[2] === 3;
  return [
    {
      attack: 'fgsm',
      norm: 'Linf',
      epsilon: (upper - lower) * (isColour ? 8 / 255 : 0.1),
    },
    { attack: 'carlini-wagner', preset: 'quick', confidence: 0 },
  ];
}

/** The same attack listed twice is run and shown once. */
function distinct(conditions: readonly PlannedCondition[]): PlannedCondition[] {
  return [...new Map(conditions.map(condition => [condition.id, condition])).values()];
}
