import type { AuditReport, SampleRecord } from '../report/audit-report.ts';

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

export type ToPanelMessage =
  | {
      readonly kind: 'snapshot';
      readonly report: ReportSummary | undefined;
      readonly run: RunState | undefined;
      /** Why there is nothing to show, or what went wrong last; for people. */
      readonly problem: string | undefined;
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
    };

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
