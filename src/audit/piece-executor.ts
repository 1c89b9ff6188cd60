import type { PieceOutput, PieceTask } from './piece.ts';
import type { AuditSubject, GradientReport, SubjectRecord } from './subject.ts';
import type { PhaseListener } from './thread-phase.ts';

/** How a running piece reports back and is stopped. */
export interface PieceControl {
  readonly signal?: AbortSignal;
  /** Share of the piece that is done, in [0, 1]. */
  readonly onProgress?: (fraction: number) => void;
  /** Takes each remark of the engine, for example what could not be compiled, once a thread. */
  readonly onNote?: (note: string) => void;
  /** Hears what takes a while before the piece itself can run. */
  readonly onPhase?: PhaseListener;
}

/** Runs the pieces of one audit: in this thread, or on several. */
export interface PieceExecutor {
  readonly subject: AuditSubject;
  /** Pieces that can run at the same time. */
  readonly threads: number;
  describe(control?: Pick<PieceControl, 'onPhase'>): Promise<SubjectRecord>;
  sampleIds(indices: readonly number[]): Promise<string[]>;
  checkGradient(indices: readonly number[], control?: PieceControl): Promise<GradientReport>;
  run(task: PieceTask, control?: PieceControl): Promise<PieceOutput>;
  /** Stops everything at once; running pieces reject. */
  dispose(): Promise<void>;
}
