import type { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';

/** Norm by which a perturbation is measured and bounded, in input units. */
export type Norm = 'Linf' | 'L2' | 'L1';

/**
 * When an attack has succeeded. Untargeted: the answer differs from `labels`. Targeted: the answer
 * is `targets`. A value that an attack is given, not a flag inside it.
 */
export type Criterion =
  | { readonly kind: 'misclassified'; readonly labels: Int32Array }
  | { readonly kind: 'classified-as'; readonly labels: Int32Array; readonly targets: Int32Array };

/** What became of one sample under one attack. */
export type AttackOutcome =
  /** A fresh forward pass on the stored adversary meets the criterion. */
  | 'succeeded'
  /** The attack ran to its end and found nothing. */
  | 'failed'
  /** The model is wrong on the clean sample: the adversary is the sample itself, at distance 0. */
  | 'already-wrong'
  /** Gradients were zero or not finite where the attack needed them: says nothing about robustness. */
  | 'gradient-unavailable'
  /** Targeted at the sample's own label: there is nothing to attack. */
  | 'not-run';

/** How far a running attack has come, for progress bars: `completed` of `total` steps. */
export interface AttackProgress {
  readonly completed: number;
  readonly total: number;
}

/** What an attack is given besides its settings. */
export interface AttackContext {
  readonly classifier: Classifier;
  /** Clean samples inside the bounds, `[batch, …shape]`. Never written to. */
  readonly inputs: Batch;
  readonly criterion: Criterion;
  /** Seed of the audit. */
  readonly seed: number;
  /** Index of each sample in its data set: with the seed, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
  /** Stops the attack between two steps; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AttackProgress) => void;
}

/** The result of an attack on a batch. */
export interface AttackResult {
  /**
   * Final float32 inputs. Without success a sample holds the attempt of an attack within a budget, or
   * its clean input again where the smallest change was looked for.
   */
  readonly adversaries: Batch;
  readonly outcomes: readonly AttackOutcome[];
  /** Logits of a fresh forward pass on `adversaries`, `[batch, classes]`. */
  readonly logits: Batch;
  /** Gradient steps (or model queries) that each sample used. */
  readonly steps: Int32Array;
  /** 1 where the attack saw a success on its way that the fresh forward pass did not confirm. */
  readonly lostSuccess: Uint8Array;
}

/**
 * An attack with its settings bound. `fixed-budget`: the best loss within epsilon of a norm.
 * `minimum-norm`: the smallest perturbation that meets the criterion; one run of it gives the whole
 * curve of accuracy against epsilon.
 */
export interface Attack {
  readonly kind: 'fixed-budget' | 'minimum-norm';
  /** Name of the attack, for example `fgsm`. */
  readonly name: string;
  /** Norm that the attack bounds or minimises. */
  readonly norm: Norm;
  /** Every hyper-parameter, as the report prints it. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  run(context: AttackContext): Promise<AttackResult>;
}
