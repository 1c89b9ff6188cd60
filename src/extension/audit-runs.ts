import { randomUUID } from 'node:crypto';
import { CancellationTokenSource, Emitter, type Event } from 'vscode-jsonrpc';
import { describeError } from '../errors/assay-error.ts';
import type { AuditEvent, AuditOverrides, EngineChoice } from '../protocol/worker-protocol.ts';
import { WorkerError } from './worker-error.ts';
import { WorkerProcess, type WorkerOptions } from './worker-process.ts';

/** What the user asked for. */
export interface AuditRequest {
  /** Absolute path of the `model.json`. */
  readonly modelPath: string;
  /** Absolute path of the `assay.config.json`. */
  readonly configPath: string;
  readonly engine: Exclude<EngineChoice, 'cpu'>;
  /** Tensor threads; 0 for one a core. */
  readonly threads: number;
  readonly overrides: AuditOverrides;
}

/** How far a run is. */
export type RunProgress = Omit<Extract<AuditEvent, { kind: 'progress' }>, 'kind'>;

/** An audit that waits or runs. */
export interface AuditRun {
  readonly request: AuditRequest;
  readonly state: 'waiting' | 'running' | 'cancelling';
  readonly progress: RunProgress;
  /** Settles when the run has ended, as {@link AuditRuns.start} does. */
  readonly ending: Promise<RunEnding>;
}

/** How a run ended, when it did not fail. */
export type RunEnding =
  | {
      readonly state: 'complete';
      /** Absolute path. */
      readonly reportPath: string;
      readonly failedChecks: number;
    }
  | { readonly state: 'cancelled' };

export interface AuditRunsOptions extends WorkerOptions {
  /** A worker without work ends after this time and gives its memory back. */
  readonly idleMilliseconds: number;
}

/**
 * The audits of this window: one at a time, since each uses every core, the others in the order in
 * which they were asked for. Starts the worker when there is work and lets it go when there is none.
 */
export class AuditRuns {
  readonly #options: AuditRunsOptions;
  readonly #runs = new Map<string, Run>();
  readonly #failures = new Map<string, string>();
  readonly #changed = new Emitter<AuditRun>();
  readonly #reported = new Emitter<string>();
  readonly #noticed = new Emitter<string>();
  #worker: Promise<WorkerProcess> | undefined;
  #processId: number | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** The end of the last run that was asked for. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: AuditRunsOptions) {
    this.#options = options;
  }

  /** A run was added, has moved on or has ended. */
  get onDidChange(): Event<AuditRun> {
    return this.#changed.event;
  }

  /** A report on disk has grown; with its absolute path. */
  get onDidReport(): Event<string> {
    return this.#reported.event;
  }

  /** Something that the user should know but that stops nothing. */
  get onNotice(): Event<string> {
    return this.#noticed.event;
  }

  /** The runs that wait or run, in their order. */
  get all(): readonly AuditRun[] {
    return [...this.#runs.values()];
  }

  /** Process id of the worker, while there is one. */
  get workerProcessId(): number | undefined {
    return this.#processId;
  }

  runOf(modelPath: string): AuditRun | undefined {
    return this.#runs.get(modelPath);
  }

  /** Why the last run of this model failed, for people; undefined when it did not. */
  lastFailureOf(modelPath: string): string | undefined {
    return this.#failures.get(modelPath);
  }

  /**
   * Audits a model when its turn comes. Asking again while it waits or runs joins the same run.
   *
   * @throws AuditFailure when the audit cannot be done
   * @throws WorkerError when the worker does not start or ends too early; nothing finished is lost
   */
  start(request: AuditRequest): Promise<RunEnding> {
    const existing = this.#runs.get(request.modelPath);
    if (existing !== undefined) return existing.ending;
    const run = new Run(request);
    this.#runs.set(request.modelPath, run);
    this.#failures.delete(request.modelPath);
    run.ending = this.#queue
      .then(() => this.#audit(run))
      .catch((error: unknown) => {
        this.#failures.set(request.modelPath, describeError(error));
        throw error;
      })
      .finally(() => {
        this.#runs.delete(request.modelPath);
        run.source.dispose();
        this.#changed.fire(run);
      });
    this.#queue = run.ending.catch(() => undefined);
    this.#changed.fire(run);
    return run.ending;
  }

  /** Cancels the audit of this model, whether it waits or runs. */
  cancel(modelPath: string): void {
    const run = this.#runs.get(modelPath);
    if (run === undefined || run.state === 'cancelling') return;
    run.state = 'cancelling';
    run.source.cancel();
    this.#changed.fire(run);
  }

  /** Resolves when nothing waits or runs any more. */
  async whenIdle(): Promise<void> {
    while (this.#runs.size > 0) {
      await Promise.allSettled([...this.#runs.values()].map(run => run.ending));
    }
  }

  /** Ends the worker, and with it what it does; the next audit starts a new one. */
  async restartWorker(): Promise<void> {
    for (const modelPath of this.#runs.keys()) this.cancel(modelPath);
    await this.#letWorkerGo();
  }

  /** Cancels everything and ends the worker. */
  async dispose(): Promise<void> {
    await this.restartWorker();
    for (const emitter of [this.#changed, this.#reported, this.#noticed]) emitter.dispose();
  }

  async #audit(run: Run): Promise<RunEnding> {
    const isCancelled = (): boolean => run.source.token.isCancellationRequested;
    clearTimeout(this.#idleTimer);
    try {
      if (isCancelled()) return { state: 'cancelled' };
      run.state = 'running';
      this.#changed.fire(run);
      return await this.#auditThroughCrashes(run);
    } catch (error) {
      // Whoever cancels gets what they asked for, also when the worker had to be killed for it.
      if (isCancelled() && error instanceof WorkerError) return { state: 'cancelled' };
      throw error;
    } finally {
      this.#waitForWork();
    }
  }

  /** Goes on with a new worker when one crashes, as long as there is an attempt left. */
  async #auditThroughCrashes(run: Run): Promise<RunEnding> {
    const [first, ...others] = attemptsOf(run.request.engine);
    for (let engine = first; ;) {
      try {
        return await this.#auditOn(engine, run);
      } catch (error) {
        const next = others.shift();
        const crashed = error instanceof WorkerError && error.code === 'worker/crashed';
        if (!crashed || next === undefined || run.source.token.isCancellationRequested) throw error;
        const how = next === engine ? 'goes on where it was' : 'starts again on WebAssembly';
        this.#noticed.fire(`${error.message} The audit ${how}.`);
        engine = next;
        this.#worker = undefined;
      }
    }
  }

  async #auditOn(engine: AuditRequest['engine'], run: Run): Promise<RunEnding> {
    const worker = await (this.#worker ??= this.#startWorker());
    if (run.source.token.isCancellationRequested) return { state: 'cancelled' };
    const summary = await worker.audit(
      { ...run.request, engine, auditId: randomUUID(), resume: true },
      event => this.#onEvent(run, event),
      run.source.token,
    );
    this.#reported.fire(summary.reportPath);
    const { state, reportPath, failedChecks } = summary;
    return state === 'complete' ? { state, reportPath, failedChecks } : { state };
  }

  #onEvent(run: Run, event: AuditEvent): void {
    switch (event.kind) {
      case 'progress': {
        const { kind: _, ...progress } = event;
        run.progress = progress;
        this.#changed.fire(run);
        break;
      }
      case 'report':
        this.#reported.fire(event.reportPath);
        break;
      case 'notice':
        this.#noticed.fire(event.message);
        break;
    }
  }

  #startWorker(): Promise<WorkerProcess> {
    const starting = WorkerProcess.start(this.#options);
    const forget = (): void => {
      if (this.#worker !== starting) return;
      this.#worker = undefined;
      this.#processId = undefined;
    };
    starting
      .then(worker => {
        this.#processId = worker.processId;
        return worker.ended;
      })
      .then(forget, forget);
    return starting;
  }

  #waitForWork(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.#runs.size === 0) void this.#letWorkerGo();
    }, this.#options.idleMilliseconds);
    this.#idleTimer.unref();
  }

  async #letWorkerGo(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const starting = this.#worker;
    this.#worker = undefined;
    this.#processId = undefined;
    // A worker that never started needs no ending.
    const worker = await starting?.catch(() => undefined);
    await worker?.shutDown();
  }
}

type Attempts = readonly [AuditRequest['engine'], ...AuditRequest['engine'][]];

/**
 * The engines with which an audit is tried, one crash after the other. The first crash may be chance;
 * after the second, `auto` does without native code. Finished pieces of the same engine are kept.
 */
function attemptsOf(engine: AuditRequest['engine']): Attempts {
  return engine === 'auto' ? ['auto', 'auto', 'wasm'] : [engine, engine];
}

class Run implements AuditRun {
  readonly request: AuditRequest;
  readonly source = new CancellationTokenSource();
  state: AuditRun['state'] = 'waiting';
  progress: RunProgress = { phase: '', fraction: 0 };
  ending: Promise<RunEnding> = Promise.resolve({ state: 'cancelled' });

  constructor(request: AuditRequest) {
    this.request = request;
  }
}
