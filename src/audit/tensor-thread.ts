import { workerData } from 'node:worker_threads';
import { serveTasks, type TaskContext } from '../engine/thread-tasks.ts';
import type { ManifoldProgress } from '../protocol/worker-protocol.ts';
import type { ManifoldAnswer, ManifoldCall } from './manifold-calls.ts';
import { type ManifoldSubject, ManifoldWorkshop } from './manifold-workshop.ts';
import { SubjectSession } from './subject-session.ts';
import type { AuditSubject } from './subject.ts';
import type { ThreadAnswer, ThreadCall, ThreadNews } from './thread-calls.ts';
import { ThreadPhase } from './thread-phase.ts';

/**
 * One tensor thread: has the subject of an audit open, or the workshop of a manifold, and answers
 * calls, one after the other. All tensors live in threads like this one.
 */
const subject = workerData as AuditSubject | ManifoldSubject;
if ('purpose' in subject) serveManifold(subject);
else serveAudit(subject);

function serveAudit(audited: AuditSubject): void {
  const phase = new ThreadPhase();
  const session = SubjectSession.open(audited, phase);
  // Whoever asks first is told what went wrong.
  session.catch(() => undefined);
  serveTasks(
    async (call: ThreadCall, context: TaskContext<ThreadNews>): Promise<ThreadAnswer['value']> => {
      const onPhase = (entered: string | undefined) =>
        context.report({ kind: 'phase', phase: entered });
      const open = await phase.during(onPhase, () => session);
      switch (call.method) {
        case 'describe':
          return await open.describe({ onPhase });
        case 'sampleIds':
          return open.sampleIds(call.indices);
        case 'checkGradient':
          return await open.checkGradient(call.indices, { signal: context.signal });
        case 'run':
          return await open.run(call.task, {
            signal: context.signal,
            onProgress: fraction => context.report({ kind: 'progress', fraction }),
            onNote: note => context.report({ kind: 'note', note }),
            onPhase,
          });
      }
    },
  );
}

function serveManifold(learned: ManifoldSubject): void {
  const workshop = ManifoldWorkshop.open(learned);
  workshop.catch(() => undefined);
  serveTasks(
    async (call: ManifoldCall, context: TaskContext<ManifoldProgress>): Promise<ManifoldAnswer> => {
      const open = await workshop;
      switch (call.method) {
        case 'train':
          return await open.train(progress => context.report(progress), context.signal);
        case 'pictures':
          return await open.drawPictures(call.folder);
        case 'guard':
          return await open.exportGuard(call.folder);
      }
    },
  );
}
