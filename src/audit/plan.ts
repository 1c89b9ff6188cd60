import { createHash } from 'node:crypto';
import { maximumSteps } from '../attacks/attack-cost.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import { attackId, attackLabel } from '../attacks/attack-names.ts';
import type { AttackConfig } from '../config/attack-config.ts';
import { presetSamples, type AuditConfig } from '../config/audit-config.ts';
import type { AuditOverrides } from '../protocol/worker-protocol.ts';
import { Random } from '../random/random.ts';
import { AuditError } from './audit-error.ts';
import { pieceSamples, type AttackTarget, type PieceStep } from './piece.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';

/** One condition: the clean samples, the separate clean set, or an attack on the samples. */
export interface PlannedCondition {
  readonly id: string;
  readonly label: string;
  readonly kind: 'clean' | 'baseline' | 'attack';
  /** Indices in the data set. */
  readonly indices: readonly number[];
  readonly attack:
    { readonly settings: AttackSettings; readonly target: AttackTarget | undefined } | undefined;
}

/** A piece of the plan, with what tells it from all others. */
export interface PlannedPiece {
  readonly condition: PlannedCondition;
  readonly step: PieceStep;
  readonly indices: readonly number[];
  /** Place of the piece's first sample among those of the condition. */
  readonly start: number;
  /** Equal keys mean equal results: SHA-256 over model, data, settings, seed and samples. */
  readonly key: string;
  /** Key of the piece whose adversaries this one scores. */
  readonly inputsFrom: string | undefined;
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
  readonly conditions: readonly PlannedCondition[];
  /** Quick and decisive ones first. */
  readonly pieces: readonly PlannedPiece[];
  /** SHA-256 over all keys: identifies the audit. */
  readonly fingerprint: string;
}

/**
 * Plans an audit: chooses the samples and the separate clean set, lays out the conditions and cuts
 * them into pieces.
 *
 * @throws AuditError when there are no samples
 */
export function planAudit(
  config: AuditConfig,
  overrides: AuditOverrides,
  subject: AuditSubject,
  record: SubjectRecord,
): AuditPlan {
  const preset = overrides.preset ?? config.preset;
  const { seed } = subject;
  const wanted =
    overrides.samples ??
    (overrides.preset === undefined ? config.samples : undefined) ??
    presetSamples[preset];
  if (record.dataCount === 0) {
    throw new AuditError('audit/no-samples', 'The data set has no samples.', {
      place: { file: record.dataFiles[0] ?? subject.folder },
    });
  }
  const order =
    config.selection === 'first'
      ? Uint32Array.from({ length: record.dataCount }, (_, i) => i)
      : new Random(seed, ['sample-selection', record.dataFingerprint]).permutation(
          record.dataCount,
        );
  const samples = [...order.subarray(0, wanted)];
  const baseline = [...order.subarray(wanted, 2 * wanted)];
  const conditions: PlannedCondition[] = [
    { id: 'clean', label: 'Clean', kind: 'clean', indices: samples, attack: undefined },
    ...(baseline.length === 0
      ? []
      : [
          {
            id: 'baseline',
            label: 'Clean, separate set',
            kind: 'baseline' as const,
            indices: baseline,
            attack: undefined,
          },
        ]),
    ...(config.attacks ?? defaultAttacks(record)).map(attack => attackCondition(attack, samples)),
  ];
  const { passes } = config.uncertainty;
  const keyOf = pieceKeys(subject, record);
  const pieces = orderPieces(
    distinct(conditions).flatMap(condition =>
      cutCondition(condition, record.posterior.applicable ? passes : undefined, keyOf),
    ),
  );
  const fingerprint = createHash('sha256');
  for (const { key } of pieces) fingerprint.update(key);
  return {
    preset,
    seed,
    selection: config.selection,
    passes,
    samples,
    baseline,
    conditions: distinct(conditions),
    pieces,
    fingerprint: fingerprint.digest('hex'),
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

function attackCondition(
  { target, ...settings }: AttackConfig,
  indices: readonly number[],
): PlannedCondition {
  const targetId = target === undefined ? '' : `-target-${target}`;
  const targetLabel =
    target === undefined ? '' : ` → ${target === 'next' ? 'next class' : `class ${target}`}`;
  return {
    id: `${attackId(settings)}${targetId}`,
    label: `${attackLabel(settings)}${targetLabel}`,
    kind: 'attack',
    indices,
    attack: { settings, target },
  };
}

/** The same attack listed twice is run and shown once. */
function distinct(conditions: readonly PlannedCondition[]): PlannedCondition[] {
  return [...new Map(conditions.map(condition => [condition.id, condition])).values()];
}

type KeyOf = (step: PieceStep, indices: readonly number[], inputsFrom?: string) => string;

function pieceKeys(subject: AuditSubject, record: SubjectRecord): KeyOf {
  const common = {
    version: 1,
    model: record.model.fingerprint,
    data: record.dataFingerprint,
    input: subject.input,
    engine: record.engine,
    seed: subject.seed,
    posterior: record.posterior,
  };
  return (step, indices, inputsFrom) =>
    createHash('sha256')
      .update(JSON.stringify([common, step, indices, inputsFrom ?? null]))
      .digest('hex');
}

function cutCondition(
  condition: PlannedCondition,
  passes: number | undefined,
  keyOf: KeyOf,
): PlannedPiece[] {
  const pieces: PlannedPiece[] = [];
  for (let start = 0; start < condition.indices.length; start += pieceSamples) {
    const indices = condition.indices.slice(start, start + pieceSamples);
    const first: PieceStep =
      condition.attack === undefined
        ? { kind: 'predict' }
        : { kind: 'attack', ...condition.attack };
    const firstKey = keyOf(first, indices);
    const base = { condition, indices, start };
    pieces.push({
      ...base,
      step: first,
      key: firstKey,
      inputsFrom: undefined,
      cost: indices.length * stepCost(first),
    });
    if (passes !== undefined) {
      const score: PieceStep = { kind: 'score', passes };
      const inputsFrom = condition.attack === undefined ? undefined : firstKey;
      pieces.push({
        ...base,
        step: score,
        key: keyOf(score, indices, inputsFrom),
        inputsFrom,
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
      return 1 / 3;
    case 'score':
      // The part before the first stochastic layer runs once; what is left is a few per cent.
      return 1 / 3 + step.passes / 60;
    case 'attack':
      // One forward pass before and after; what leaves early makes up for the bookkeeping.
      return maximumSteps(step.settings) + 1 / 3;
  }
}

/** Cheap conditions first, so that the first numbers come early; a score follows its inputs. */
function orderPieces(pieces: readonly PlannedPiece[]): PlannedPiece[] {
  const weight = (piece: PlannedPiece) =>
    piece.inputsFrom === undefined
      ? piece.cost
      : piece.cost + (pieces.find(({ key }) => key === piece.inputsFrom)?.cost ?? 0);
  return pieces
    .map((piece, position) => ({ piece, position, weight: weight(piece) / piece.indices.length }))
    .sort((a, b) => a.weight - b.weight || a.position - b.position)
    .map(({ piece }) => piece);
}
