import type { DataConfig, InputConfig } from '../config/audit-config.ts';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import type { GradientCheckRecord, ModelRecord } from '../report/audit-report.ts';

/** What is audited: everything that a tensor thread needs to open model, data and posterior. */
export interface AuditSubject {
  /** Absolute folder of the configuration: no file outside is read. */
  readonly folder: string;
  /** Absolute path of the model.json. */
  readonly modelPath: string;
  readonly input: InputConfig;
  /** With absolute paths. */
  readonly data: DataConfig;
  readonly uncertainty: 'mc-dropout' | 'off';
  readonly engine: EngineChoice;
  readonly seed: number;
}

/** Whether predictive distributions can be drawn from the model, and how or why not. */
export type PosteriorRecord =
  | { readonly applicable: true; readonly method: string; readonly description: string }
  | { readonly applicable: false; readonly reason: string; readonly remedy: string };

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
}

/** Remarks of an engine so far, and the check of the model's own input gradient. */
export interface GradientReport {
  readonly check: GradientCheckRecord;
  readonly notes: readonly string[];
}
