import { createAttack } from '../attacks/create-attack.ts';
import type { FurtherConditions } from './further-conditions.ts';
import type { NaturalSearch, PieceStep } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';
import type { PlannedProbe } from './probes.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';

const searchLabels: Readonly<Record<NaturalSearch, string>> = {
  gradient: 'Natural adversary, gradient search',
  hybrid: 'Natural adversary, black box (hybrid)',
  iterative: 'Natural adversary, black box (iterative)',
};

/** Natural adversaries of the samples, one condition for each search of the configuration. */
export function naturalConditions(
  samples: readonly number[],
  { manifold }: AuditSubject,
  { manifold: state }: SubjectRecord,
): FurtherConditions {
  if (manifold === undefined || state === undefined) return { conditions: [], skipped: [] };
  if (!state.trained) {
    const { reason, remedy } = state;
    return {
      conditions: [],
      skipped: [{ label: 'Natural adversaries and correction', reason, remedy }],
    };
  }
  return {
    conditions: [...new Set(manifold.config.naturalAdversaries)].map(search => ({
      id: `natural-${search}`,
      label: searchLabels[search],
      kind: 'natural',
      indices: samples,
      attack: undefined,
      step: { kind: 'natural', search, manifold: state.key },
    })),
    skipped: [],
  };
}

/** Samples among which those at the ends of ways are looked for. */
const illustratedSamples = 200;

/** Pictures of what the manifold holds, where the samples are pictures. */
export function planIllustrations(
  samples: readonly number[],
  { manifold: state, model }: SubjectRecord,
  keyOf: (step: PieceStep, indices: readonly number[]) => string,
): PlannedProbe[] {
  if (state?.trained !== true || model.inputShape.length !== 3) return [];
  const step: PieceStep = { kind: 'illustrate', manifold: state.key };
  const indices = samples.slice(0, illustratedSamples);
  return [
    { task: { step, indices, inputs: undefined }, key: keyOf(step, indices), attack: undefined },
  ];
}

/**
 * What asks the model again after every correction, under conditions of the audited samples; nothing
 * where there is no trained manifold. An attack within a budget is run again by an adversary who knows
 * of the reconstruction; for the smallest change this would say nothing of its size.
 */
export function correctionStep(
  { kind, attack }: PlannedCondition,
  { manifold }: AuditSubject,
  { manifold: state }: SubjectRecord,
): PieceStep | undefined {
  if (manifold === undefined || state?.trained !== true) return undefined;
  if (kind !== 'clean' && kind !== 'attack' && kind !== 'natural') return undefined;
  if (attack?.evasion !== undefined) return undefined;
  const isWithinBudget =
    attack !== undefined && createAttack(attack.settings).kind === 'fixed-budget';
  return {
    kind: 'correct',
    manifold: state.key,
    refinementSteps: manifold.config.refinementSteps,
    adaptive: isWithinBudget ? { settings: attack.settings, target: attack.target } : undefined,
  };
}
