import type { AttackOutcome, Norm } from '../attacks/attack.ts';
import type { SmoothingSettings } from '../certification/randomised-smoothing.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { CorruptionSettings } from '../data/corruption.ts';

/**
 * The unit of work: one step of one condition on a few dozen samples. A piece depends on nothing
 * but its task, so that it can run on any thread in any order, be kept on disk, and be left out
 * when it was done before.
 */

/** Samples in one piece. Fixed: the pieces of an audit must not depend on the number of threads. */
export const pieceSamples = 50;

/** The class that a targeted attack aims at: a class index, or the class after the label. */
export type AttackTarget = number | 'next';

/** A search for natural adversaries. */
export type NaturalSearch = 'gradient' | 'hybrid' | 'iterative';

/** What became of one sample under an attack or a search. */
export type PieceOutcome = AttackOutcome | 'reconstruction-misclassified';

/** What is done with the samples of a piece. */
export type PieceStep =
  /** Read the samples and ask the model. */
  | { readonly kind: 'predict' }
  /** Attack the samples. */
  | {
      readonly kind: 'attack';
      readonly settings: AttackSettings;
      readonly target: AttackTarget | undefined;
    }
  /** Attack an adversary's view of the model who knows of the detector. */
  | {
      readonly kind: 'evade';
      readonly settings: AttackSettings;
      readonly target: AttackTarget | undefined;
      readonly evasion: EvasionStep;
    }
  /** Attack another model, and show the model what came of it. */
  | {
      readonly kind: 'transfer';
      readonly settings: AttackSettings;
      readonly target: AttackTarget | undefined;
      /** Path of the other model, relative to the folder of the configuration. */
      readonly from: string;
    }
  /** Read samples of another kind and ask the model. */
  | { readonly kind: 'outside'; readonly source: string }
  /** Corrupt the samples and ask the model. */
  | { readonly kind: 'corrupt'; readonly settings: CorruptionSettings }
  /** Add noise as large as the perturbations that the task brings, and ask the model. */
  | { readonly kind: 'match-noise'; readonly norm: Norm }
  /** Prove what can be proved of the samples by randomised smoothing. */
  | { readonly kind: 'certify'; readonly settings: SmoothingSettings }
  /** Look for signs that gradients cannot be trusted. */
  | { readonly kind: 'probe' }
  /** Draw what the manifold holds: random samples, and ways between classes. */
  | { readonly kind: 'illustrate'; readonly manifold: string }
  /** Search natural adversaries of the samples. */
  | { readonly kind: 'natural'; readonly search: NaturalSearch; readonly manifold: string }
  /** Ask the model again after every correction of what the task brings. */
  | {
      readonly kind: 'correct';
      readonly manifold: string;
      readonly refinementSteps: number;
      /** Attack that is run again by an adversary who knows of the reconstruction. */
      readonly adaptive:
        | { readonly settings: AttackSettings; readonly target: AttackTarget | undefined }
        | undefined;
    }
  /** Give clean samples or what the task brings all scores of uncertainty. */
  | {
      readonly kind: 'score';
      readonly source: string | undefined;
      readonly passes: number;
      /** Whether the posterior's mean prediction is kept too, for its calibration. */
      readonly calibrated: boolean;
    };

/** How an adaptive adversary weighs going unnoticed. */
export interface EvasionStep {
  /** λ: what a nat of mutual information counts against the loss. */
  readonly weight: number;
  /** Fixed passes that it looks at. */
  readonly passes: number;
  /** Steps after the attack, in which successes lower what the detector says. */
  readonly steps: number;
}

/** A piece as a tensor thread gets it. */
export interface PieceTask {
  readonly step: PieceStep;
  /** Indices of the samples in the data set. */
  readonly indices: readonly number[];
  /** Inputs to score or to match, row-major, where they are not the clean samples. */
  readonly inputs: Float32Array | undefined;
  /** Of an attack in stages: only this one is run. */
  readonly stage?: AttackStage;
}

/** One stage of an attack that is an ensemble. */
export interface AttackStage {
  /** From 0. */
  readonly number: number;
  /** What the stages before have come to; undefined for the first. */
  readonly earlier: OutputOf<'attack'> | undefined;
}

/** What a piece yields; rows in the order of the task's indices. */
export type PieceOutput =
  | {
      readonly kind: 'predict';
      /** Clean samples, row-major, input units. */
      readonly inputs: Float32Array;
      readonly labels: Int32Array;
      readonly logits: Float32Array;
    }
  | {
      readonly kind: 'attack';
      readonly adversaries: Float32Array;
      /** Of a fresh forward pass on the adversaries. */
      readonly logits: Float32Array;
      readonly outcomes: readonly PieceOutcome[];
      readonly steps: Int32Array;
      /** 1 where a success on the way was not confirmed at the end. */
      readonly lostSuccess: Int32Array;
      /** 1 for successes that survive rounding to 8 bits, 0 for others, −1 where it means nothing. */
      readonly survivesRounding: Int32Array;
      /** ‖Δz‖ of natural adversaries; not a number without success. */
      readonly latentDistances?: Float64Array;
    }
  | {
      readonly kind: 'correct';
      readonly corrections: readonly CorrectedAnswers[];
    }
  | {
      readonly kind: 'score';
      /** Scores by name, higher = further out of distribution. */
      readonly scores: Readonly<Record<string, Float64Array>>;
      /** Of the posterior, where there is one. */
      readonly posterior: PosteriorAnswers | undefined;
      readonly detectors: DetectorRecord;
    }
  | {
      readonly kind: 'certify';
      /** Class of the smoothed model; −1 where nothing is proved. */
      readonly predictions: Int32Array;
      /** L2, in input units. */
      readonly radii: Float64Array;
      readonly labels: Int32Array;
    }
  | {
      readonly kind: 'probe';
      /** Of an attack without limit. */
      readonly unbounded: readonly AttackOutcome[];
      readonly landscapeChange: Float64Array;
      readonly passDifference: number;
    }
  | {
      readonly kind: 'illustrate';
      /** Of random latent vectors. */
      readonly random: AnsweredInputs;
      /** Straight ways in the latent space, one after the other, equally many inputs each. */
      readonly ways: AnsweredInputs;
      /** Index in the data set of the sample at the beginning and at the end of each way, in turn. */
      readonly ends: Int32Array;
    };

/** Inputs with what the model says of them. */
export interface AnsweredInputs {
  /** Row-major, input units. */
  readonly inputs: Float32Array;
  /** Classes. */
  readonly predictions: Int32Array;
  /** Softmax probabilities of the predictions. */
  readonly confidences: Float64Array;
}

/** With which hyper-parameters scores were computed, and which ones could not be. */
export interface DetectorRecord {
  readonly scores: readonly {
    readonly name: string;
    readonly settings: Readonly<Record<string, number>>;
  }[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** What the model says after one correction. */
export interface CorrectedAnswers {
  /** For example `reconstruction`. */
  readonly method: string;
  readonly label: string;
  readonly kind: 'manifold' | 'model-free' | 'adaptive';
  /** Classes. */
  readonly predictions: Int32Array;
  /** Softmax probabilities of the predictions. */
  readonly confidences: Float64Array;
  /** Reconstructions of pictures, row-major, input units: what the model was asked about. */
  readonly inputs?: Float32Array;
}

/** What a posterior says of some samples besides its scores. */
export interface PosteriorAnswers {
  /** Class of the mean prediction. */
  readonly prediction: Int32Array;
  /** Standard error of the mutual information from the finite number of passes. */
  readonly mutualInformationError: Float64Array;
  /** Logits of the mean prediction of all passes, row-major `[samples, classes]`, where it is kept. */
  readonly monteCarloLogits?: Float32Array;
  /** The same without passes, by the probit approximation; of a Laplace posterior alone. */
  readonly probitLogits?: Float32Array;
}

/** The output that belongs to a step. */
export type OutputOf<Kind extends PieceOutput['kind']> = Extract<PieceOutput, { kind: Kind }>;
