import type { ResolvedConfig } from '../config/resolve-config.ts';
import type { AuditEvent, AuditOverrides, EngineChoice } from '../protocol/worker-protocol.ts';
import type { PieceExecutor } from './piece-executor.ts';
import type { AuditSubject } from './subject.ts';

/** What is to be audited, on what, and who is told. */
export interface AuditOptions {
  readonly config: ResolvedConfig;
  /** Absolute path of the model.json. */
  readonly modelPath: string;
  readonly overrides: AuditOverrides;
  readonly engine: EngineChoice;
  /** False computes everything anew. */
  readonly resume: boolean;
  readonly toolVersion: string;
  /** Opens what runs the pieces. */
  readonly openExecutor: (subject: AuditSubject) => Promise<PieceExecutor>;
  /** Bytes of memory that this process may take; when left out, what the system says. */
  readonly availableMemory?: () => number;
  readonly onEvent: (event: AuditEvent) => void;
  readonly signal: AbortSignal;
}
