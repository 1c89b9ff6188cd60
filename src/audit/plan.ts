import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { maximumSteps } from '../attacks/attack-cost.ts';
import type { AttackConfig } from '../config/attack-config.ts';
import { presetSamples, type AuditConfig } from '../config/audit-config.ts';
import type { AuditOverrides } from '../protocol/worker-protocol.ts';
import { AuditError } from './audit-error.ts';
import { furtherConditions, type SkippedCondition } from './further-conditions.ts';
import { pieceSamples, type PieceStep } from './piece.ts';
import { correctionStep, naturalConditions, planIllustrations } from './manifold-plan.ts';
import { attackCondition, type PlannedCondition } from './planned-condition.ts';
import { divideSamples, type SampleSelection } from './sample-division.ts';
import { planControls } from './control-probes.ts';
import { planCertificates, planProbes, type PlannedProbe } from './probes.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';
import { toolVersion } from './tool-version.ts';

/** A piece of the plan, with what tells it from all others. */
export interface PlannedPiece {
  readonly condition: PlannedCondition;
  readonly step: PieceStep;
  readonly indices: readonly number[];
  /** Place of the piece's first sample among those of the condition. */
  readonly start: number;
  /** Equal keys mean equal results: SHA-256 over model, data, settings, seed and samples. */
  readonly key: string;
  /** Key of the piece whose inputs this one scores or builds on. */
  readonly inputsFrom: string | undefined;
  /** Condition that these inputs belong to. */
  readonly inputsOf: string | undefined;
  /** Rough cost in gradient evaluations, for the time left. */
  readonly cost: number;
}

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

type KeyOf = (step: PieceStep, indices: readonly number[], inputsFrom?: string) => string;

function pieceKeys(subject: AuditSubject, record: SubjectRecord): KeyOf {
  const common = {
    // What an older release has computed may hold a mistake that this one mends.
    tool: toolVersion,
    // Raised when the same step comes to other numbers within a release.
    version: 4,
    model: record.model.fingerprint,
    data: record.dataFingerprint,
    input: subject.input,
    engine: record.engine,
    seed: subject.seed,
  };
  const others = new Map(record.transferFrom.map(({ path, fingerprint }) => [path, fingerprint]));
  const outside = new Map(record.outside.map(({ name, fingerprint }) => [name, fingerprint]));
  // Attacks stay valid when the posterior is made in another way; what it scores does not.
  const manifold = record.manifold?.trained === true ? record.manifold.key : null;
  const dependsOn = (step: PieceStep) => [
    step.kind === 'score' || step.kind === 'evade' ? record.uncertaintyFingerprint : null,
    step.kind === 'transfer' ? (others.get(resolve(subject.folder, step.from)) ?? null) : null,
    'settings' in step && step.kind !== 'corrupt' && step.kind !== 'certify'
      ? subject.averagedPasses
      : null,
    ...(step.kind === 'score' && manifold !== null ? [manifold] : []),
    'source' in step && step.source !== undefined ? (outside.get(step.source) ?? null) : null,
  ];
  return (step, indices, inputsFrom) =>
    createHash('sha256')
      .update(JSON.stringify([common, step, dependsOn(step), indices, inputsFrom ?? null]))
      .digest('hex');
}

/** @param passes of the posterior; undefined where nothing is scored */
function cutConditions(
  conditions: readonly PlannedCondition[],
  passes: number | undefined,
  correctionOf: (condition: PlannedCondition) => PieceStep | undefined,
  keyOf: KeyOf,
): PlannedPiece[] {
  const pieces: PlannedPiece[] = [];
  /** Keys of the pieces that make the inputs of a condition, by condition and start. */
  const made = new Map<string, string>();
  for (const condition of conditions) {
    const { id, step, basedOn } = condition;
    for (let start = 0; start < condition.indices.length; start += pieceSamples) {
      const indices = condition.indices.slice(start, start + pieceSamples);
      const basis = basedOn === undefined ? undefined : made.get(`${basedOn} ${start}`);
      const key = keyOf(step, indices, basis);
      made.set(`${id} ${start}`, key);
      const base = { condition, indices, start };
      const cost = indices.length * stepCost(step);
      pieces.push({ ...base, step, key, inputsFrom: basis, inputsOf: basedOn, cost });
      const readsAgain = step.kind === 'predict' || step.kind === 'outside';
      const inputsFrom = readsAgain ? undefined : key;
      const correction = correctionOf(condition);
      if (correction !== undefined) {
        pieces.push({
          ...base,
          step: correction,
          key: keyOf(correction, indices, inputsFrom),
          inputsFrom,
          inputsOf: readsAgain ? undefined : id,
          cost: indices.length * stepCost(correction),
        });
      }
      if (passes === undefined) continue;
      const source = step.kind === 'outside' ? step.source : undefined;
      // Calibration is reported of the clean samples alone.
      const calibrated = condition.kind === 'clean';
      const score: PieceStep = { kind: 'score', source, passes, calibrated };
      pieces.push({
        ...base,
        step: score,
        key: keyOf(score, indices, inputsFrom),
        inputsFrom,
        inputsOf: readsAgain ? undefined : id,
        cost: indices.length * stepCost(score),
      });
    }
  }
  return pieces;
}

/** Gradient evaluations that a step takes for one sample, roughly; a forward pass is a third of one. */
function stepCost(step: PieceStep): number {
  switch (step.kind) {
    case 'predict':
    case 'outside':
    case 'corrupt':
    case 'match-noise':
      return 1 / 3;
    case 'probe':
      return 60;
    case 'illustrate':
      return 5;
    case 'certify':
      return (step.settings.draws + step.settings.selectionDraws) / 3;
    case 'score':
      // ODIN's gradient, and forward passes for posterior, features and ODIN; of the passes only
      // what follows the first stochastic layer is run again, a few per cent.
      return 2 + step.passes / 60;
    case 'attack':
    case 'transfer':
      // One forward pass before and after; what leaves early makes up for the bookkeeping.
      return maximumSteps(step.settings) + 1 / 3;
    case 'natural':
      // The hybrid search asks some thousand times, forward only.
      return step.search === 'gradient' ? 90 : 1500;
    case 'correct':
      return 3 + (step.adaptive === undefined ? 0 : 2 * maximumSteps(step.adaptive.settings));
    case 'evade':
      // With λ, without it where that failed, and what lowers the score of successes.
      return (
        maximumSteps(step.settings) * (7 / 3 + step.evasion.passes / 20) +
        step.evasion.steps * (1 + step.evasion.passes / 20)
      );
  }
}

/** Cheap conditions first, so that the first numbers come early; a piece follows what it builds on. */
function orderPieces(pieces: readonly PlannedPiece[]): PlannedPiece[] {
  const byKey = new Map(pieces.map(piece => [piece.key, piece]));
  const weight = ({ cost, inputsFrom }: PlannedPiece): number => {
    const basis = inputsFrom === undefined ? undefined : byKey.get(inputsFrom);
    return basis === undefined ? cost : cost + weight(basis);
  };
  return pieces
    .map((piece, position) => ({ piece, position, weight: weight(piece) / piece.indices.length }))
    .sort((a, b) => a.weight - b.weight || a.position - b.position)
    .map(({ piece }) => piece);
}
