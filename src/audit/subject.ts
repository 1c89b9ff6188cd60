import type { InputConfig } from '../config/audit-config.ts';
import type { DataConfig } from '../config/data-config.ts';
import type { ManifoldConfig } from '../config/manifold-config.ts';
import type { UncertaintyConfig } from '../config/uncertainty-config.ts';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import type { GradientCheckRecord, ModelRecord } from '../report/audit-report.ts';
import type { SampleSelection } from './sample-division.ts';

/** What is audited: everything that a tensor thread needs to open model, data and posterior. */
export interface AuditSubject {
  /** Absolute folder of the configuration: no file outside is read. */
  readonly folder: string;
  /** Absolute path of the model.json. */
  readonly modelPath: string;
  readonly input: InputConfig;
  /** With absolute paths. */
  readonly data: DataConfig;
  /** With absolute paths. */
  readonly uncertainty: UncertaintyConfig;
  /** Samples of other kinds, with absolute paths. */
  readonly outside: readonly OutsideSource[];
  /** Absolute paths of the other models on which adversaries are made. */
  readonly transferFrom: readonly string[];
  /** Passes of the model whose mean attacks follow; 1 for models that draw no random numbers. */
  readonly averagedPasses: number;
  /** With absolute paths, and the seed of its training; undefined without a manifold. */
  readonly manifold?: { readonly config: ManifoldConfig; readonly seed: number } | undefined;
  readonly selection: SampleSelection;
  readonly engine: EngineChoice;
  readonly seed: number;
}

/** Out-of-distribution samples under their name. */
export interface OutsideSource {
  readonly name: string;
  readonly data: DataConfig;
}

/** Whether predictive distributions can be drawn from the model, and how or why not. */
export type PosteriorRecord =
  | {
      readonly applicable: true;
      readonly method: string;
      readonly description: string;
      /** Why this posterior and no other. */
      readonly reason: string;
      readonly passes: number;
      /** Where the number of passes comes from. */
      readonly passesReason: string;
    }
  | { readonly applicable: false; readonly reason: string; readonly remedy: string };

/** Whether the manifold of the data is trained, and how well. */
export type ManifoldState =
  | {
      readonly trained: true;
      readonly key: string;
      readonly description: string;
      readonly latentSize: number;
      readonly steps: number;
      readonly seconds: number;
      readonly heldOutError: number;
      readonly errorOfMean: number;
    }
  | { readonly trained: false; readonly reason: string; readonly remedy: string };

/** Samples of a source beside the audited one. */
export interface SourceRecord {
  readonly name: string;
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly fingerprint: string;
  readonly count: number;
}

/** Another model on which adversaries are made. */
export interface TransferSource {
  /** Absolute path of its `model.json`. */
  readonly path: string;
  readonly fingerprint: string;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** What a tensor thread finds when it opens the subject. */
export interface SubjectRecord {
  readonly model: Omit<ModelRecord, 'path' | 'name'>;
  /** Absolute paths. */
  readonly modelFiles: readonly string[];
  readonly dataFiles: readonly string[];
  readonly dataFingerprint: string;
  /** Samples in the source. */
  readonly dataCount: number;
  readonly engine: { readonly name: string; readonly version: string };
  readonly posterior: PosteriorRecord;
  /** Whether samples are scored at all. */
  readonly scored: boolean;
  /** What scores are fitted on, where it is a source of its own. */
  readonly calibration: SourceRecord | undefined;
  /** Other models of the ensemble. Absolute paths. */
  readonly companionFiles: readonly string[];
  /** SHA-256 over all that scores depend on besides model and data. */
  readonly uncertaintyFingerprint: string;
  readonly outside: readonly SourceRecord[];
  readonly transferFrom: readonly TransferSource[];
  /** Undefined where the configuration has no manifold. */
  readonly manifold?: ManifoldState | undefined;
  /** What the manifold has learned from. */
  readonly manifoldData?: SourceRecord | undefined;
}

/** Remarks of an engine so far, and the check of the model's own input gradient. */
export interface GradientReport {
  readonly check: GradientCheckRecord;
  readonly notes: readonly string[];
}
