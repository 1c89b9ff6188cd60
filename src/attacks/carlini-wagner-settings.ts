import type { TargetChoice } from './over-targets.ts';
import { requireAtLeast, requireCount, requirePositive } from './setting-ranges.ts';

/**
 * How much work the attack does. `warm` starts from an adversary that DDN finds in 50 steps, then tries
 * 3 constants × 100 steps that grow shorter. The others start from the clean input and keep the length
 * of their steps, as in the paper: `quick` with 5 constants × 200 steps, a large first constant and
 * large steps; `full` with 9 × 1000; `reference` with 9 × 10000, the constants of the authors' code
 * (carlini/nn_robust_attacks, l2_attack.py).
 */
export type CarliniWagnerPreset = 'warm' | 'quick' | 'full' | 'reference';

/** Settings of the L2 attack of Carlini and Wagner. What is not given comes from the preset. */
export interface CarliniWagnerSettings {
  readonly attack: 'carlini-wagner';
  readonly preset: CarliniWagnerPreset;
  /** κ: by how much the wrong logit must exceed the right one, in logits, at least 0. Default 0. */
  readonly confidence?: number;
  /** How many constants are tried for each sample. */
  readonly binarySearchSteps?: number;
  /** Steps of Adam for each constant. */
  readonly iterations?: number;
  /** Learning rate of Adam, in units of the arctanh variable w. */
  readonly learningRate?: number;
  /** The last learning rate of a round as a part of the first, along half a cosine; 1 keeps it. */
  readonly learningRateDecay?: number;
  /** First constant c, for distances in widths of the box. A warm start finds its own. */
  readonly initialConstant?: number;
  /**
   * Steps of DDN that look for an adversary to start from, and for the first constant; 0 starts from
   * the clean input with the constant that is given.
   */
  readonly warmStartSteps?: number;
  /**
   * Let a sample leave a round when a tenth of the steps has not lowered its loss. Default true, but
   * false for the preset `warm`, whose rounds end with small steps.
   */
  readonly abortEarly?: boolean;
  /** Attack every class besides the label and keep one; without it the label is only to be left. */
  readonly targets?: TargetChoice;
}

/** Every hyper-parameter of a run. */
export interface CarliniWagnerHyperParameters {
  readonly confidence: number;
  readonly binarySearchSteps: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly learningRateDecay: number;
  readonly initialConstant: number;
  readonly warmStartSteps: number;
  readonly abortEarly: boolean;
}

const PRESETS: Readonly<Record<CarliniWagnerPreset, CarliniWagnerHyperParameters>> = {
  warm: {
    confidence: 0,
    binarySearchSteps: 3,
    iterations: 100,
    learningRate: 0.1,
    learningRateDecay: 0.01,
    initialConstant: 0.1,
    warmStartSteps: 50,
    abortEarly: false,
  },
  quick: {
    confidence: 0,
    binarySearchSteps: 5,
    iterations: 200,
    learningRate: 0.03,
    learningRateDecay: 1,
    initialConstant: 0.1,
    warmStartSteps: 0,
    abortEarly: true,
  },
  full: {
    confidence: 0,
    binarySearchSteps: 9,
    iterations: 1000,
    learningRate: 0.01,
    learningRateDecay: 1,
    initialConstant: 1e-3,
    warmStartSteps: 0,
    abortEarly: true,
  },
  reference: {
    confidence: 0,
    binarySearchSteps: 9,
    iterations: 10_000,
    learningRate: 0.01,
    learningRateDecay: 1,
    initialConstant: 1e-3,
    warmStartSteps: 0,
    abortEarly: true,
  },
};

/** @throws AttackError `attack/invalid-setting` */
export function resolveCarliniWagner(
  settings: CarliniWagnerSettings,
): CarliniWagnerHyperParameters {
  const preset = PRESETS[settings.preset];
  const resolved: CarliniWagnerHyperParameters = {
    confidence: settings.confidence ?? preset.confidence,
    binarySearchSteps: settings.binarySearchSteps ?? preset.binarySearchSteps,
    iterations: settings.iterations ?? preset.iterations,
    learningRate: settings.learningRate ?? preset.learningRate,
    learningRateDecay: settings.learningRateDecay ?? preset.learningRateDecay,
    initialConstant: settings.initialConstant ?? preset.initialConstant,
    warmStartSteps: settings.warmStartSteps ?? preset.warmStartSteps,
    abortEarly: settings.abortEarly ?? preset.abortEarly,
  };
  requireAtLeast('confidence', resolved.confidence, 0);
  requireCount('binarySearchSteps', resolved.binarySearchSteps);
  requireCount('iterations', resolved.iterations);
  requirePositive('learningRate', resolved.learningRate);
  requirePositive('learningRateDecay', resolved.learningRateDecay);
  requirePositive('initialConstant', resolved.initialConstant);
  if (resolved.warmStartSteps !== 0) requireCount('warmStartSteps', resolved.warmStartSteps);
  return resolved;
}
