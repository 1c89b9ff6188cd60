import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type CancellationToken,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import {
  AuditEventNotification,
  AuditRequest,
  ExportGuardRequest,
  InitializeRequest,
  ManifoldProgressNotification,
  TrainManifoldRequest,
  workerProtocolVersion,
  type AuditEvent,
  type AuditParams,
  type AuditResultSummary,
  type ExportGuardParams,
  type ExportGuardResult,
  type ManifoldProgress,
  type TrainManifoldParams,
  type TrainManifoldResult,
} from '../protocol/worker-protocol.ts';
import { describeEnd, type ProcessEnd } from './process-end.ts';
import { WorkerError } from './worker-error.ts';
import { failureOf } from './worker-failure.ts';

/** How the worker is started, and how patient the editor is with it. */
export interface WorkerOptions {
  /** Absolute path of the worker's bundle. */
  readonly modulePath: string;
  /** Takes each line that the worker writes to its standard output and error. */
  readonly log: (line: string) => void;
  /** For the answer to the first message. */
  readonly startMilliseconds: number;
  /** For the answer to a cancellation; then the process is killed. */
  readonly cancelMilliseconds: number;
}

/**
 * One worker process and the connection to it. It is a process of its own, since the extension
 * host must never run tensors, and since only a process can be killed for certain.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #options: WorkerOptions;
  readonly #listeners = new Map<string, (event: AuditEvent) => void>();
  /** Resolves once the process has ended. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  #toolVersion = '';

  private constructor(options: WorkerOptions) {
    this.#options = options;
    this.#child = fork(options.modulePath, [], {
      // Inspector and loader flags of the extension host are not meant for the worker.
      execArgv: [],
      // In the desktop application `process.execPath` is Electron: this makes it run as Node.js.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.ended = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => resolve(describeEnd(code, signal)));
      this.#child.once('error', error => resolve({ crashed: false, reason: error.message }));
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) this.#logLines(stream);
    this.#connection = createMessageConnection(
      new IPCMessageReader(this.#child),
      new IPCMessageWriter(this.#child),
    );
    this.#connection.onNotification(AuditEventNotification, ({ auditId, event }) =>
      this.#listeners.get(auditId)?.(event),
    );
    this.#connection.listen();
  }

  /**
   * Starts a process and agrees with it on the version of the protocol.
   *
   * @throws WorkerError when it ends at once, stays silent or speaks another version
   */
  static async start(options: WorkerOptions): Promise<WorkerProcess> {
    const worker = new WorkerProcess(options);
    try {
      await worker.#initialize();
    } catch (error) {
      worker.kill();
      throw error;
    }
    return worker;
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  get toolVersion(): string {
    return this.#toolVersion;
  }

  /**
   * Runs one audit. When it is cancelled and the worker does not answer in time, the process is
   * killed, which ends the audit like any other end of the process.
   *
   * @throws AuditFailure when the audit cannot be done
   * @throws WorkerError when the process ends before the audit does
   */
  async audit(
    params: AuditParams,
    onEvent: (event: AuditEvent) => void,
    token: CancellationToken,
  ): Promise<AuditResultSummary> {
    this.#listeners.set(params.auditId, onEvent);
    try {
      return await this.#untilCancelled(
        token,
        this.#connection.sendRequest(AuditRequest, params, token),
      );
    } finally {
      this.#listeners.delete(params.auditId);
    }
  }

  /**
   * Trains the manifold of a configuration. A cancelled training keeps its last checkpoint, as one
   * does whose process is killed.
   *
   * @throws AuditFailure when it cannot be trained
   * @throws WorkerError when the process ends before the training does
   */
  async trainManifold(
    params: TrainManifoldParams,
    onProgress: (progress: ManifoldProgress) => void,
    token: CancellationToken,
  ): Promise<TrainManifoldResult> {
    const subscription = this.#connection.onNotification(
      ManifoldProgressNotification,
      ({ trainingId, progress }) => {
        if (trainingId === params.trainingId) onProgress(progress);
      },
    );
    try {
      return await this.#untilCancelled(
        token,
        this.#connection.sendRequest(TrainManifoldRequest, params, token),
      );
    } finally {
      subscription.dispose();
    }
  }

  /**
   * Exports the guard of a model.
   *
   * @throws AuditFailure when there is no trained manifold or the folder cannot be written
   * @throws WorkerError when the process ends before that
   */
  async exportGuard(params: ExportGuardParams): Promise<ExportGuardResult> {
    try {
      const answer = this.#connection.sendRequest(ExportGuardRequest, params);
      return await Promise.race([answer, this.#endedEarly()]);
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** Waits for an answer, or for the end of the process, which a cancellation brings about if need be. */
  async #untilCancelled<Result>(
    token: CancellationToken,
    answer: Promise<Result>,
  ): Promise<Result> {
    let killTimer: NodeJS.Timeout | undefined;
    const cancellation = token.onCancellationRequested(() => {
      killTimer = setTimeout(() => this.kill(), this.#options.cancelMilliseconds);
    });
    try {
      return await Promise.race([answer, this.#endedEarly()]);
    } catch (error) {
      throw failureOf(error);
    } finally {
      clearTimeout(killTimer);
      cancellation.dispose();
    }
  }

  /** Lets the process go: it ends by itself when its channel closes, and is killed if it does not. */
  async shutDown(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), this.#options.cancelMilliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once, whatever it is doing. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #initialize(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const seconds = this.#options.startMilliseconds / 1000;
        reject(
          new WorkerError(
            'worker/unresponsive',
            `The audit process did not answer within ${seconds} seconds of its start.`,
            { remedy: 'Try again, or look into the log.' },
          ),
        );
      }, this.#options.startMilliseconds);
    });
    const end = this.ended.then(({ reason }) => {
      throw new WorkerError('worker/did-not-start', `The audit process did not start: ${reason}.`, {
        remedy: 'Look into the log for what it wrote.',
      });
    });
    const answer = this.#connection.sendRequest(InitializeRequest, {
      protocolVersion: workerProtocolVersion,
    });
    try {
      const { protocolVersion, toolVersion } = await Promise.race([answer, silence, end]);
      if (protocolVersion !== workerProtocolVersion) throw differentVersions(protocolVersion);
      this.#toolVersion = toolVersion;
    } catch (error) {
      throw failureOf(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #endedEarly(): Promise<never> {
    const { crashed, reason } = await this.ended;
    const code = crashed ? 'worker/crashed' : 'worker/ended';
    throw new WorkerError(code, `The audit process stopped: ${reason}.`, {
      remedy: 'What was finished is kept; the audit can go on from there.',
    });
  }

  #logLines(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', line => this.#options.log(line));
  }
}

function differentVersions(theirs: number): WorkerError {
  return new WorkerError(
    'worker/protocol-version',
    `The audit process speaks version ${theirs} of the protocol, the editor version ${workerProtocolVersion}.`,
    { remedy: 'Reload the window, so that both come from the same installation.' },
  );
}
