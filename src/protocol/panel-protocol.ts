import type { AuditReport, SampleRecord } from '../report/audit-report.ts';
import type { LooksLikeLabel } from '../report/manifold-record.ts';
import type { ManifoldLosses } from './worker-protocol.ts';

/**
 * What the extension and the panel say to each other. The panel is a function of the last
 * {@link PanelSnapshot}; it asks for samples page by page and for pictures one sample at a time.
 */

/** How the samples are ordered. */
export interface SampleOrder {
  readonly by:
    | 'index'
    | 'label'
    | 'prediction'
    | 'confidence'
    | 'distance'
    | 'outcome'
    /** A score of the samples, for example `score:mutual-information`. */
    | `score:${string}`;
  /** Condition whose value decides. */
  readonly condition: string;
  readonly descending: boolean;
}

/** Which samples are shown. */
export interface SampleFilter {
  readonly condition: string;
  readonly outcome: 'all' | 'fooled' | 'resisted' | 'already-wrong';
  /** Class index of the label, or all. */
  readonly label: number | 'all';
  /** Text that the sample's id must contain. */
  readonly text: string;
}

/** The report without its samples: small, sent whole each time it changes. */
export type ReportSummary = Omit<AuditReport, 'samples'>;

/** The audit that is running for the panel's model, if one is. */
export interface RunState {
  readonly phase: string;
  readonly fraction: number;
  readonly secondsLeft?: number;
}

/** The training of the manifold that the model's configuration describes. */
export interface ManifoldTrainingState {
  /**
   * `paused`: it goes on from the last evaluation. `failed`: it stopped by itself, for example since
   * its process was killed; it goes on in the same way.
   */
  readonly state: 'running' | 'stopping' | 'paused' | 'failed' | 'trained';
  readonly step: number;
  /** At most this many; 0 until it is known. */
  readonly steps: number;
  readonly secondsLeft?: number;
  readonly history: readonly ManifoldLosses[];
  /** PNG in base64, as the worker sends it. */
  readonly picture?: string;
  /** Why it failed, for people. */
  readonly problem?: string;
  /** Of the trained manifold. */
  readonly key?: string;
}

export type ToPanelMessage =
  | {
      readonly kind: 'snapshot';
      /** What people call the model. */
      readonly modelName: string;
      readonly report: ReportSummary | undefined;
      readonly run: RunState | undefined;
      readonly training: ManifoldTrainingState | undefined;
      /** What went wrong last; for people. */
      readonly problem: string | undefined;
      /** Why there is nothing to show, or not all of it, though nothing went wrong; for people. */
      readonly gap: string | undefined;
      readonly stale: string | undefined;
    }
  | {
      readonly kind: 'samples';
      readonly requestId: number;
      readonly start: number;
      /** Samples that pass the filter. */
      readonly total: number;
      readonly samples: readonly SampleRecord[];
    }
  | {
      readonly kind: 'pictures';
      readonly sample: number;
      /** Shape of one input, `[height, width, channels]`; other shapes have no pictures. */
      readonly shape: readonly number[];
      readonly bounds: readonly [number, number];
      /** Inputs by condition id, as float32 in input units. */
      readonly inputs: Readonly<Record<string, Float32Array>>;
      /** Reconstructions by condition id and then by the name of the correction. */
      readonly reconstructions: Readonly<Record<string, Readonly<Record<string, Float32Array>>>>;
    }
  | ManifoldPicturesMessage;

/** What the manifold holds, in the order of the report's `manifold.pictures`. */
export interface ManifoldPicturesMessage {
  readonly kind: 'manifold-pictures';
  readonly shape: readonly number[];
  readonly bounds: readonly [number, number];
  /** All samples one after the other, in input units. */
  readonly random: Float32Array;
  readonly ways: Float32Array;
}

export type FromPanelMessage =
  /** The panel is there and wants a snapshot. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'samples';
      readonly requestId: number;
      readonly start: number;
      readonly count: number;
      readonly order: SampleOrder;
      readonly filter: SampleFilter;
    }
  /** `sample` is the index in the data set. */
  | { readonly kind: 'pictures'; readonly sample: number }
  | { readonly kind: 'manifold-pictures' }
  /** What the user says of a natural adversary; without an answer, the mark is taken back. */
  | {
      readonly kind: 'mark';
      readonly condition: string;
      readonly sample: number;
      readonly adversary: string;
      readonly looksLikeLabel?: LooksLikeLabel | undefined;
    }
  /** Trains the manifold, or goes on. */
  | { readonly kind: 'train' }
  /** Stops the training for now; the panel offers to go on. */
  | { readonly kind: 'pause-training' }
  /** Ends the training, or puts away what the panel says of one that has ended. */
  | { readonly kind: 'cancel-training' }
  | { readonly kind: 'run' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'open'; readonly what: 'model' | 'config' | 'report' };

/**
 * The least that the panel keeps with `setState`: VS Code hands it back when it restores the panel
 * after a restart, and it is all that the host then knows. The panel takes its value from
 * `<body data-model-uri="…">` and may keep more beside it (what is selected, how far it is scrolled).
 */
export interface PersistedPanelState {
  readonly modelUri: string;
}
