// A worker that does on demand what the real one must never do. Which misdeed, the name of the
// model says; the words of the protocol are written out, so that a change to them is noticed here.
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from 'vscode-jsonrpc/node';

const behaviourAtStart = process.env.UNRULY_START;
if (behaviourAtStart === 'exit') {
  console.error('cannot find the tensors');
  process.exit(7);
}

const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);

connection.onRequest('assay/initialize', () => {
  if (behaviourAtStart === 'silent') return new Promise(() => undefined);
  const protocolVersion = behaviourAtStart === 'other-version' ? 99 : 1;
  return { protocolVersion, processId: process.pid, toolVersion: '0.0.0-test' };
});

connection.onRequest('assay/audit', async ({ auditId, modelPath, engine, resume }, token) => {
  const send = event => connection.sendNotification('assay/auditEvent', { auditId, event });
  const summary = state => ({ reportPath: `${modelPath}.report`, state, failedChecks: 0 });
  const cancelled = new Promise(resolve => token.onCancellationRequested(resolve));
  await send({ kind: 'progress', phase: `at ${modelPath}`, fraction: 0.25, secondsLeft: 3 });
  switch (modelPath) {
    case 'polite':
      await cancelled;
      return summary('cancelled');
    case 'deaf':
      return new Promise(() => undefined);
    case 'stuck':
      // Not even the message of the cancellation is read.
      for (;;);
    case 'crash':
      process.exit(3);
      break;
    case 'killed':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'aborts':
      process.abort();
      break;
    case 'aborts unless wasm':
      if (engine !== 'wasm') process.kill(process.pid, 'SIGSEGV');
      await send({ kind: 'notice', message: `engine ${engine}` });
      return summary('complete');
    case 'refuses':
      throw new ResponseError(-32000, 'refused', {
        code: 'model/shard-missing',
        description: 'model.json: A shard is missing.',
      });
    case 'breaks':
      throw new TypeError('undefined is not a model');
    default:
      await send({ kind: 'report', reportPath: `${modelPath}.report` });
      await send({ kind: 'notice', message: `resume ${resume}` });
      console.log(`done with ${modelPath}`);
      return summary('complete');
  }
});

connection.listen();
process.on('disconnect', () => {
  if (behaviourAtStart !== 'stays') process.exit(0);
});
