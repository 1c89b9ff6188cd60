import { maximumSteps } from '../attacks/attack-cost.ts';
import type { SmoothingSettings } from '../certification/randomised-smoothing.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { PieceOutput, PieceStep, PieceTask } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';

/**
 * A look at a few samples that no condition shows but that tells whether the numbers can be
 * trusted: a piece without a place in the tables.
 */
export interface PlannedProbe {
  readonly task: PieceTask;
  /** Equal keys mean equal results. */
  readonly key: string;
  /** The attack that it is about: run with twice the steps, or controlled; undefined for the model. */
  readonly attack: string | undefined;
}

/** A probe with what it found. */
export interface ProbeResult {
  readonly probe: PlannedProbe;
  readonly output: PieceOutput;
}

/** Samples that the model as such is probed on. */
const modelSamples = 10;
/** Samples that a search for the smallest change is run on with twice its steps. */
const searchSamples = 5;

/**
 * What is looked at beside the conditions: the model as such, and once more with twice the steps
 * each attack that looks for the smallest change. Attacks within a budget tell by themselves whether
 * they have converged: from when their successes came.
 */
export function planProbes(
  conditions: readonly PlannedCondition[],
  samples: readonly number[],
  keyOf: (step: PieceStep, indices: readonly number[]) => string,
): PlannedProbe[] {
  const probe = (step: PieceStep, count: number, attack: string | undefined): PlannedProbe => {
    const indices = samples.slice(0, count);
    return { task: { step, indices, inputs: undefined }, key: keyOf(step, indices), attack };
  };
  const attacks = conditions.filter(
    ({ attack }) =>
      attack !== undefined && attack.evasion === undefined && attack.madeOn === undefined,
  );
  if (attacks.length === 0) return [];
  return [
    probe({ kind: 'probe' }, modelSamples, undefined),
    ...attacks.flatMap(({ id, attack }) => {
      const settings = attack === undefined ? undefined : withTwiceTheSteps(attack.settings);
      return attack === undefined || settings === undefined
        ? []
        : [probe({ kind: 'attack', settings, target: attack.target }, searchSamples, id)];
    }),
  ];
}

/** Samples of which certificates are sought in one go. */
const certifiedAtOnce = 10;

/** Randomised smoothing of all samples, some at a time. */
export function planCertificates(
  samples: readonly number[],
  settings: SmoothingSettings,
  keyOf: (step: PieceStep, indices: readonly number[]) => string,
): PlannedProbe[] {
  const step: PieceStep = { kind: 'certify', settings };
  const probes: PlannedProbe[] = [];
  for (let start = 0; start < samples.length; start += certifiedAtOnce) {
    const indices = samples.slice(start, start + certifiedAtOnce);
    const task = { step, indices, inputs: undefined };
    probes.push({ task, key: keyOf(step, indices), attack: undefined });
  }
  return probes;
}

/** Undefined for attacks within a budget, and for DeepFool, which stops by itself. */
function withTwiceTheSteps(settings: AttackSettings): AttackSettings | undefined {
  switch (settings.attack) {
    case 'carlini-wagner':
      return { ...settings, iterations: 2 * iterationsOf(settings) };
    case 'ddn':
    case 'fmn':
      return { ...settings, steps: 2 * maximumSteps(settings) };
    case 'fab':
      return { ...settings, steps: 2 * (maximumSteps(settings) / (settings.targets ?? 9)) };
    case 'fgsm':
    case 'bim':
    case 'pgd':
    case 'mi-fgsm':
    case 'apgd':
    case 'square':
    case 'noise':
    case 'autoattack':
    case 'deepfool':
      return undefined;
  }
}

/** Steps of Adam for each constant. */
function iterationsOf(settings: Extract<AttackSettings, { attack: 'carlini-wagner' }>): number {
  const { targets: _, ...towardsOne } = settings;
  return maximumSteps({ ...towardsOne, binarySearchSteps: 1 });
}
