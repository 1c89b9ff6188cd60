import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
  type CancellationToken,
} from 'vscode-jsonrpc/node';
import { availableParallelism } from 'node:os';
import { exportGuard, trainConfiguredManifold } from '../audit/manifold-calls.ts';
import { runAudit } from '../audit/run-audit.ts';
import { openThreads } from '../audit/thread-executor.ts';
import { toolVersion } from '../audit/tool-version.ts';
import { readConfig } from '../config/resolve-config.ts';
import { AssayError, describeError } from '../errors/assay-error.ts';
import {
  AuditEventNotification,
  AuditRequest,
  ExportGuardRequest,
  ManifoldProgressNotification,
  TrainManifoldRequest,
  InitializeRequest,
  workerProtocolVersion,
  type AuditParams,
  type AuditResultSummary,
  type ExportGuardParams,
  type ExportGuardResult,
  type TrainManifoldParams,
  type TrainManifoldResult,
  type WorkerErrorData,
} from '../protocol/worker-protocol.ts';

/**
 * The background process: takes audit requests over its message channel, runs them on tensor
 * threads, and streams events. This thread only talks, so that it answers while tensors run.
 */
const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);

connection.onRequest(InitializeRequest, ({ protocolVersion }) => {
  if (protocolVersion !== workerProtocolVersion) {
    const description = `The worker speaks version ${workerProtocolVersion} of the protocol, not ${protocolVersion}.`;
    return new ResponseError<WorkerErrorData>(1, description, {
      code: 'worker/protocol-version',
      description,
    });
  }
  return { protocolVersion: workerProtocolVersion, processId: process.pid, toolVersion };
});

/** Raised when the editor is gone. */
const departure = new AbortController();
const running = new Set<Promise<unknown>>();

connection.onRequest(AuditRequest, (params, token) => answer(audit(params, token)));
connection.onRequest(TrainManifoldRequest, (params, token) => answer(train(params, token)));
connection.onRequest(ExportGuardRequest, params => answer(exportFor(params)));

/** What the work returns, or what went wrong with it in words. */
async function answer<Result>(
  run: Promise<Result>,
): Promise<Result | ResponseError<WorkerErrorData>> {
  running.add(run);
  try {
    return await run;
  } catch (error) {
    const code = error instanceof AssayError ? error.code : 'unexpected';
    // The log gets the stack; the user gets the sentence.
    if (!(error instanceof AssayError)) console.error(error);
    const description = describeError(error);
    return new ResponseError<WorkerErrorData>(2, description, { code, description });
  } finally {
    running.delete(run);
  }
}

async function audit(params: AuditParams, token: CancellationToken): Promise<AuditResultSummary> {
  const { auditId, configPath, modelPath, overrides, engine, threads, resume } = params;
  const stop = new AbortController();
  token.onCancellationRequested(() => stop.abort());
  const { reportPath, report } = await runAudit({
    config: await readConfig(configPath),
    modelPath,
    overrides,
    engine,
    resume,
    toolVersion,
    openExecutor: subject => openThreads(subject, threads === 0 ? availableParallelism() : threads),
    onEvent: event => {
      void connection.sendNotification(AuditEventNotification, { auditId, event });
    },
    signal: AbortSignal.any([stop.signal, departure.signal]),
  });
  return {
    reportPath,
    state: report.state === 'complete' ? 'complete' : 'cancelled',
    failedChecks: report.checks.filter(({ verdict }) => verdict === 'fail').length,
  };
}

async function train(
  { trainingId, configPath, engine }: TrainManifoldParams,
  token: CancellationToken,
): Promise<TrainManifoldResult> {
  const stop = new AbortController();
  token.onCancellationRequested(() => stop.abort());
  const trained = await trainConfiguredManifold({
    config: await readConfig(configPath),
    engine,
    onProgress: progress => {
      void connection.sendNotification(ManifoldProgressNotification, { trainingId, progress });
    },
    signal: AbortSignal.any([stop.signal, departure.signal]),
  });
  return { state: trained === undefined ? 'cancelled' : 'trained', key: trained?.key ?? '' };
}

async function exportFor({
  configPath,
  modelPath,
  folder,
  engine,
}: ExportGuardParams): Promise<ExportGuardResult> {
  const config = await readConfig(configPath);
  const options = { config, modelPath, engine, signal: departure.signal };
  return { files: await exportGuard(options, folder) };
}

// The editor is gone: nobody is left to work for. What was finished is on disk. A process that ends
// while native code runs in one of its threads would crash, so the threads are ended first.
process.on('disconnect', () => {
  departure.abort();
  void Promise.allSettled(running).then(() => process.exit(0));
});
connection.listen();
