import type { PieceControl, PieceExecutor } from '../../src/audit/piece-executor.ts';
import type { PieceTask } from '../../src/audit/piece.ts';
import { SubjectSession } from '../../src/audit/subject-session.ts';
import type { AuditSubject } from '../../src/audit/subject.ts';

/** What an inline executor has run, and what a test does to it. */
export interface InlineOptions {
  /** How many pieces are in hand at the same time. */
  readonly threads?: number;
  /** Called before each piece; what it throws is the piece's failure. */
  readonly beforePiece?: (task: PieceTask) => void | Promise<void>;
}

/** Runs the pieces in this thread: the real session, without the threads around it. */
export async function openInline(
  subject: AuditSubject,
  { threads = 1, beforePiece }: InlineOptions = {},
): Promise<PieceExecutor> {
  const session = await SubjectSession.open(subject);
  return {
    subject,
    threads,
    describe: control => session.describe(control),
    sampleIds: indices => Promise.resolve(session.sampleIds(indices)),
    checkGradient: (indices, control) => session.checkGradient(indices, control),
    run: async (task, control?: PieceControl) => {
      await beforePiece?.(task);
      return await session.run(task, control);
    },
    dispose: () => {
      session.dispose();
      return Promise.resolve();
    },
  };
}
