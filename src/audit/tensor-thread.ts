import { parentPort, workerData } from 'node:worker_threads';
import { AssayError, describeError } from '../errors/assay-error.ts';
import { SubjectSession } from './subject-session.ts';
import { type AuditSubject } from './subject.ts';
import {
  type FromThread,
  type ThreadCall,
  type ThreadFailure,
  type ToThread,
} from './thread-messages.ts';

/**
 * One tensor thread: has the subject of an audit open and answers calls, one after the other. All
 * tensors of an audit live in threads like this one.
 */
const port = parentPort;
if (port === null) throw new RangeError('This module runs in a worker thread only.');
const { subject } = workerData as { readonly subject: AuditSubject };

const session = SubjectSession.open(subject);
// Whoever asks first is told what went wrong.
session.catch(() => undefined);
const running = new Map<number, AbortController>();
let queue: Promise<void> = Promise.resolve();

port.on('message', (message: ToThread) => {
  if (message.kind === 'cancel') {
    running.get(message.id)?.abort();
    return;
  }
  const { id, call } = message;
  const stop = new AbortController();
  running.set(id, stop);
  queue = queue.then(() => answer(id, call, stop.signal));
});

async function answer(id: number, call: ThreadCall, signal: AbortSignal): Promise<void> {
  const send = (message: FromThread) => port?.postMessage(message);
  try {
    signal.throwIfAborted();
    const value = await perform(await session, call, signal, fraction =>
      send({ kind: 'progress', id, fraction }),
    );
    send({ kind: 'result', id, value });
  } catch (error) {
    send({ kind: 'failure', id, failure: failureOf(error) });
  } finally {
    running.delete(id);
  }
}

async function perform(
  open: SubjectSession,
  call: ThreadCall,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<unknown> {
  switch (call.method) {
    case 'describe':
      return open.describe();
    case 'sampleIds':
      return open.sampleIds(call.indices);
    case 'checkGradient':
      return await open.checkGradient(call.indices);
    case 'run':
      return await open.run(call.task, { signal, onProgress });
  }
}

function failureOf(error: unknown): ThreadFailure {
  return error instanceof AssayError
    ? { code: error.code, message: error.message, place: error.place, remedy: error.remedy }
    : { code: 'unexpected', message: describeError(error), place: {}, remedy: undefined };
}
