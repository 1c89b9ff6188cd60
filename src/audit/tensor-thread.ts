import { workerData } from 'node:worker_threads';
import { serveTasks, type TaskContext } from '../engine/thread-tasks.ts';
import { SubjectSession } from './subject-session.ts';
import type { AuditSubject } from './subject.ts';
import type { ThreadAnswer, ThreadCall, ThreadNews } from './thread-calls.ts';

/**
 * One tensor thread: has the subject of an audit open and answers calls, one after the other. All
 * tensors of an audit live in threads like this one.
 */
const session = SubjectSession.open(workerData as AuditSubject);
// Whoever asks first is told what went wrong.
session.catch(() => undefined);

serveTasks(
  async (call: ThreadCall, context: TaskContext<ThreadNews>): Promise<ThreadAnswer['value']> => {
    const open = await session;
    switch (call.method) {
      case 'describe':
        return open.describe();
      case 'sampleIds':
        return open.sampleIds(call.indices);
      case 'checkGradient':
        return await open.checkGradient(call.indices, { signal: context.signal });
      case 'run':
        return await open.run(call.task, {
          signal: context.signal,
          onProgress: fraction => context.report({ kind: 'progress', fraction }),
          onNote: note => context.report({ kind: 'note', note }),
        });
    }
  },
);
