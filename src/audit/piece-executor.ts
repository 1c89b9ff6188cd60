import type { PieceControl } from './subject-session.ts';
import type { PieceOutput, PieceTask } from './piece.ts';
import type { AuditSubject, GradientReport, SubjectRecord } from './subject.ts';

/** Runs the pieces of one audit: in this thread, or on several. */
export interface PieceExecutor {
  readonly subject: AuditSubject;
  /** Pieces that can run at the same time. */
  readonly threads: number;
  describe(): Promise<SubjectRecord>;
  sampleIds(indices: readonly number[]): Promise<string[]>;
  checkGradient(indices: readonly number[], control?: PieceControl): Promise<GradientReport>;
  run(task: PieceTask, control?: PieceControl): Promise<PieceOutput>;
  /** Stops everything at once; running pieces reject. */
  dispose(): Promise<void>;
}
