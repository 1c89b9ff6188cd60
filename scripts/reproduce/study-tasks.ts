import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import type { ManifoldRecord } from '../../src/manifold/trained-manifold.ts';
import type { ManifoldName } from './study-subject.ts';

/** What a thread of the reproduction is asked for. Rows are in the order of `indices`. */
export type StudyTask =
  | { readonly task: 'train'; readonly manifold: ManifoldName }
  /** Samples with their predictions. */
  | { readonly task: 'clean'; readonly indices: readonly number[] }
  /** An attack on the model, or on the model behind a manifold for an adversary who knows of it. */
  | {
      readonly task: 'attack';
      readonly settings: AttackSettings;
      readonly indices: readonly number[];
      readonly behind: Behind | undefined;
    }
  | {
      readonly task: 'natural';
      readonly search: 'gradient' | 'hybrid';
      readonly manifold: ManifoldName;
      readonly indices: readonly number[];
    }
  /** Predictions after every correction. */
  | {
      readonly task: 'correct';
      readonly manifold: ManifoldName;
      /** Settings of the refinement that are tried, in steps. */
      readonly refinements: readonly number[];
      readonly modelFree: boolean;
      readonly inputs: Float32Array;
    }
  | {
      readonly task: 'score';
      readonly inputs: Float32Array;
      readonly indices: readonly number[];
      readonly passes: number;
    };

/** What an adversary knows of, and how gradients go back through its squeeze. */
export interface Behind {
  readonly manifold: ManifoldName;
  readonly backward: 'exact' | 'straight-through';
}

/** Inputs and what the model says of them. */
export interface ClassifiedInputs {
  readonly inputs: Float32Array;
  readonly predictions: Int32Array;
  readonly labels: Int32Array;
  /** Names of outcomes, for natural adversaries. */
  readonly outcomes: readonly string[];
  /** ‖Δz‖, for natural adversaries. */
  readonly latentDistances: Float64Array;
  /** L2 distance from the clean samples. */
  readonly distances: Float64Array;
  readonly queries: Int32Array;
}

export interface CorrectedPredictions {
  /** Predicted classes by the name of the correction. */
  readonly predictions: Readonly<Record<string, Int32Array>>;
}

export interface StudyScores {
  readonly mutualInformation: Float64Array;
  readonly softmaxVariance: Float64Array;
  readonly prediction: Int32Array;
}

/** What a thread answers, by the name of the task. */
export interface StudyAnswers {
  readonly train: ManifoldRecord;
  readonly clean: ClassifiedInputs;
  readonly attack: ClassifiedInputs;
  readonly natural: ClassifiedInputs;
  readonly correct: CorrectedPredictions;
  readonly score: StudyScores;
}

export type TaskNamed<Name extends StudyTask['task']> = Extract<StudyTask, { task: Name }>;
