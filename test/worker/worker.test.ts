import { fork, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CancellationTokenSource,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import {
  AuditEventNotification,
  AuditRequest,
  InitializeRequest,
  workerProtocolVersion,
  type AuditEvent,
  type AuditParams,
} from '../../src/protocol/worker-protocol.ts';
import { readReport } from '../../src/report/report-files.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';

const modulePath = resolve(import.meta.dirname, '../../dist/worker.cjs');

/** The bundled worker in a process of its own, spoken to as the extension does. */
class RunningWorker {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
  readonly events: AuditEvent[] = [];

  constructor() {
    this.child = fork(modulePath, [], { execArgv: [] });
    this.connection = createMessageConnection(
      new IPCMessageReader(this.child),
      new IPCMessageWriter(this.child),
    );
    this.connection.onNotification(AuditEventNotification, ({ event }) => {
      this.events.push(event);
    });
    this.connection.listen();
  }

  async initialize(): Promise<this> {
    const { processId } = await this.connection.sendRequest(InitializeRequest, {
      protocolVersion: workerProtocolVersion,
    });
    expect(processId).toBe(this.child.pid);
    return this;
  }

  /** Resolves when an event has come that passes. */
  async until(passes: (event: AuditEvent) => boolean): Promise<void> {
    while (!this.events.some(passes)) await setTimeout(10);
  }
}

const started: RunningWorker[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

async function startWorker(): Promise<RunningWorker> {
  const worker = new RunningWorker();
  started.push(worker);
  return await worker.initialize();
}

/** `slow` takes the plain JavaScript engine and one thread, so that there is time to interfere. */
function auditOf(workspace: IrisWorkspace, slow = false): AuditParams {
  return {
    auditId: 'test',
    configPath: join(workspace.folder, 'assay.config.json'),
    modelPath: workspace.modelPath,
    engine: slow ? 'cpu' : 'wasm',
    threads: slow ? 1 : 2,
    overrides: {},
    resume: true,
  };
}

const isLate = (event: AuditEvent) => event.kind === 'progress' && event.phase.startsWith('C&W');

describe('the worker process', () => {
  test('refuses another version of the protocol', async () => {
    const worker = new RunningWorker();
    started.push(worker);
    const answer = worker.connection.sendRequest(InitializeRequest, { protocolVersion: 0 });
    await expect(answer).rejects.toMatchObject({
      data: { code: 'worker/protocol-version' },
    });
  });

  test('streams progress and reports, and answers with the report', async () => {
    const worker = await startWorker();
    const workspace = await IrisWorkspace.make();
    const answer = await worker.connection.sendRequest(AuditRequest, auditOf(workspace));
    expect(answer).toMatchObject({ state: 'complete', failedChecks: 0 });
    const report = await readReport(answer.reportPath);
    expect(report.state).toBe('complete');
    const fractions = worker.events.flatMap(event =>
      event.kind === 'progress' ? [event.fraction] : [],
    );
    expect(fractions.every(fraction => fraction >= 0 && fraction <= 1)).toBe(true);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(worker.events).toContainEqual({ kind: 'report', reportPath: answer.reportPath });
  });

  // The second is a promise to the user; a machine that is busy with something else may break it once.
  test(
    'stops within one second of a cancellation, and goes on where it was',
    { retry: 2 },
    async () => {
      const worker = await startWorker();
      const workspace = await IrisWorkspace.make();
      const source = new CancellationTokenSource();
      const answer = worker.connection.sendRequest(
        AuditRequest,
        auditOf(workspace, true),
        source.token,
      );
      await worker.until(isLate);
      const before = performance.now();
      source.cancel();
      expect((await answer).state).toBe('cancelled');
      expect(performance.now() - before).toBeLessThan(1000);
      const { reportPath } = await answer;
      const report = await readReport(reportPath);
      expect(report.state).toBe('cancelled');
      expect(report.conditions[0]).toMatchObject({ id: 'clean', state: 'finished' });

      worker.events.length = 0;
      const again = await worker.connection.sendRequest(AuditRequest, auditOf(workspace, true));
      expect(again.state).toBe('complete');
      const phases = worker.events.flatMap(event =>
        event.kind === 'progress' ? [event.phase] : [],
      );
      expect(phases.some(phase => phase.startsWith('FGSM'))).toBe(false);
    },
  );

  test('killed in the middle it loses no finished piece', async () => {
    const workspace = await IrisWorkspace.make();
    const first = await startWorker();
    const lost = first.connection.sendRequest(AuditRequest, auditOf(workspace, true));
    lost.catch(() => undefined);
    await first.until(isLate);
    first.child.kill('SIGKILL');
    const second = await startWorker();
    const answer = await second.connection.sendRequest(AuditRequest, auditOf(workspace, true));
    expect(answer.state).toBe('complete');
    const phases = second.events.flatMap(event => (event.kind === 'progress' ? [event.phase] : []));
    expect(phases.some(phase => phase.startsWith('FGSM'))).toBe(false);
  });

  test('a wrong model is an error with code and description, and the worker stays', async () => {
    const worker = await startWorker();
    const workspace = await IrisWorkspace.make();
    const wrong = { ...auditOf(workspace), modelPath: join(workspace.folder, 'test.csv') };
    const failure = await worker.connection
      .sendRequest(AuditRequest, wrong)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResponseError);
    expect(failure).toMatchObject({ data: { code: expect.stringMatching(/^model\//) as string } });
    const answer = await worker.connection.sendRequest(AuditRequest, auditOf(workspace));
    expect(answer.state).toBe('complete');
  });

  test('ends by itself when nobody is there any more', async () => {
    const worker = await startWorker();
    worker.child.disconnect();
    const code = await new Promise(done => worker.child.once('exit', done));
    expect(code).toBe(0);
  });
});
