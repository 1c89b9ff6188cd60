import { NotificationType, RequestType } from 'vscode-jsonrpc';

/**
 * What the editor (or the command line) and the worker process say to each other: JSON-RPC over
 * the process's message channel. A running request is cancelled with its cancellation token.
 */

/** Raised when a message changes its meaning; the two sides refuse to talk across versions. */
export const workerProtocolVersion = 1;

export interface InitializeParams {
  readonly protocolVersion: number;
}

export interface InitializeResult {
  readonly protocolVersion: number;
  readonly processId: number;
  readonly toolVersion: string;
}

/** First message: agrees on the version. */
export const InitializeRequest = new RequestType<
  InitializeParams,
  InitializeResult,
  WorkerErrorData
>('assay/initialize');

/** Which engine to run tensors on; `auto` takes the fastest that works here. */
export type EngineChoice = 'auto' | 'wasm' | 'native' | 'tensorflow' | 'cpu';

export interface AuditParams {
  /** Chosen by the caller; every event carries it. */
  readonly auditId: string;
  /** Absolute path of the `assay.config.json`. */
  readonly configPath: string;
  /** Absolute path of the `model.json`, one of the configuration's or another one. */
  readonly modelPath: string;
  readonly engine: EngineChoice;
  /** Tensor threads; 0 for one a core. */
  readonly threads: number;
  /** Overrides of the configuration, from the command line or the editor. */
  readonly overrides: AuditOverrides;
  /** False recomputes everything, true takes finished pieces of an earlier run. */
  readonly resume: boolean;
}

export interface AuditOverrides {
  readonly preset?: 'quick' | 'standard' | 'full';
  readonly samples?: number;
  readonly seed?: number;
  /** Measures only what requirements need, and stops as soon as they are decided. */
  readonly untilDecided?: boolean;
}

export interface AuditResultSummary {
  /** Absolute path of the report. */
  readonly reportPath: string;
  readonly state: 'complete' | 'cancelled';
  readonly failedChecks: number;
}

/** Runs one audit of one model; resolves when its report is complete or it was cancelled. */
export const AuditRequest = new RequestType<AuditParams, AuditResultSummary, WorkerErrorData>(
  'assay/audit',
);

export interface TrainManifoldParams {
  /** Chosen by the caller; every event carries it. */
  readonly trainingId: string;
  /** Absolute path of the `assay.config.json`. */
  readonly configPath: string;
  readonly engine: EngineChoice;
}

export interface TrainManifoldResult {
  /** Cancelled: the next request goes on from the last checkpoint. */
  readonly state: 'trained' | 'cancelled';
  /** Name of its folder in `.assay/manifolds`; empty when it was cancelled. */
  readonly key: string;
}

/** Trains the manifold of a configuration; resolves when it is trained or was cancelled. */
export const TrainManifoldRequest = new RequestType<
  TrainManifoldParams,
  TrainManifoldResult,
  WorkerErrorData
>('assay/trainManifold');

export interface ExportGuardParams {
  /** Absolute paths of the `assay.config.json`, of the `model.json` and of the folder to write. */
  readonly configPath: string;
  readonly modelPath: string;
  readonly folder: string;
  readonly engine: EngineChoice;
}

export interface ExportGuardResult {
  /** Names of the files in the folder. */
  readonly files: readonly string[];
}

/** Exports the guard of a model and its trained manifold. */
export const ExportGuardRequest = new RequestType<
  ExportGuardParams,
  ExportGuardResult,
  WorkerErrorData
>('assay/exportGuard');

/** What one evaluation of a training has measured. */
export interface ManifoldLosses {
  readonly step: number;
  /** Mean ‖G(I(x)) − x‖² over held-out samples. */
  readonly heldOutError: number;
  /** The same over the samples trained on since the evaluation before. */
  readonly trainingError: number;
  /** Mean ‖z − I(G(z))‖². */
  readonly latentError: number;
  /** Mean E[C(x)] − E[C(G(z))]. */
  readonly criticDistance: number;
}

/** How a training is going. */
export interface ManifoldProgress {
  readonly step: number;
  /** At most this many; it stops earlier when it brings nothing. */
  readonly steps: number;
  readonly secondsLeft?: number;
  /** Of the last evaluation. */
  readonly losses?: ManifoldLosses;
  /** Of all evaluations, those before an interruption too; at the beginning and with each new one. */
  readonly history?: readonly ManifoldLosses[];
  /** PNG in base64, in three rows: held-out samples, their reconstructions, random samples. */
  readonly picture?: string;
}

export interface ManifoldProgressParams {
  readonly trainingId: string;
  readonly progress: ManifoldProgress;
}

export const ManifoldProgressNotification = new NotificationType<ManifoldProgressParams>(
  'assay/manifoldProgress',
);

/** `data` of an error response: what a user is shown. */
export interface WorkerErrorData {
  readonly code: string;
  readonly description: string;
}

/** Something happened in a running audit. */
export type AuditEvent =
  | {
      readonly kind: 'progress';
      /** What is being done, for people: `Carlini & Wagner L2 (quick)`. */
      readonly phase: string;
      /** Share of the whole audit that is done, in [0, 1]. */
      readonly fraction: number;
      /** Estimate; absent until there is one. */
      readonly secondsLeft?: number;
    }
  /** The report on disk has grown. */
  | { readonly kind: 'report'; readonly reportPath: string }
  /** Something the user should know but that does not stop the audit. */
  | { readonly kind: 'notice'; readonly message: string };

export interface AuditEventParams {
  readonly auditId: string;
  readonly event: AuditEvent;
}

export const AuditEventNotification = new NotificationType<AuditEventParams>('assay/auditEvent');
