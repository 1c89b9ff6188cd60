import { join } from 'node:path';
import { stageCount } from '../attacks/attack-cost.ts';
import type { ResolvedConfig } from '../config/resolve-config.ts';
import { AssayError, describeError } from '../errors/assay-error.ts';
import type { AuditEvent, AuditOverrides, EngineChoice } from '../protocol/worker-protocol.ts';
import type { AuditReport, FileStamp } from '../report/audit-report.ts';
import { reportFolderOf } from '../report/report-files.ts';
import { NumpyError } from '../numpy/numpy-error.ts';
import { stampFile } from '../report/staleness.ts';
import { AuditError } from './audit-error.ts';
import type { ConditionResults } from './condition-results.ts';
import { EarlyDecision } from './early-decision.ts';
import { GrowingReport } from './growing-report.ts';
import type { AttackStage, OutputOf, PieceOutput, PieceTask } from './piece.ts';
import type { PieceExecutor } from './piece-executor.ts';
import { PieceSchedule } from './piece-schedule.ts';
import { PieceStore } from './piece-store.ts';
import { planAudit, sampleSelection, type AuditPlan, type PlannedPiece } from './plan.ts';
import type { PlannedProbe } from './probes.ts';
import { AuditProgress } from './progress.ts';
import { ReportWriter } from './report-writer.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';
import { limitThreads } from './thread-limit.ts';

/** Folder of finished pieces, in the folder of the configuration. */
const pieceFolder = join('.assay', 'pieces');
/** Samples on which the model's own gradient is checked. */
const gradientCheckSamples = 8;

export interface AuditOptions {
  readonly config: ResolvedConfig;
  /** Absolute path of the model.json. */
  readonly modelPath: string;
  readonly overrides: AuditOverrides;
  readonly engine: EngineChoice;
  /** False computes everything anew. */
  readonly resume: boolean;
  readonly toolVersion: string;
  /** Opens what runs the pieces. */
  readonly openExecutor: (subject: AuditSubject) => Promise<PieceExecutor>;
  /** Bytes of memory that this process may take; when left out, what the system says. */
  readonly availableMemory?: () => number;
  readonly onEvent: (event: AuditEvent) => void;
  readonly signal: AbortSignal;
}

export interface AuditOutcome {
  /** Absolute path. */
  readonly reportPath: string;
  readonly report: AuditReport;
}

/**
 * Runs one audit of one model from configuration to report. The report is on disk from the first
 * piece on; every finished piece is kept, so that a cancelled, killed or repeated audit goes on
 * where it was.
 *
 * @returns the complete report, or the cancelled one when the signal was raised
 * @throws AssayError when model, data or configuration are wrong, or the disk cannot be written
 */
export async function runAudit(options: AuditOptions): Promise<AuditOutcome> {
  const { config, modelPath, overrides, signal, onEvent } = options;
  const subject = subjectOf(options);
  onEvent({ kind: 'progress', phase: 'Opening model and data', fraction: 0 });
  // Before a thread takes its part.
  const availableBytes = (options.availableMemory ?? (() => process.availableMemory()))();
  const executor = await options.openExecutor(subject);
  // A cancelled audit does not wait for what runs: the threads are ended, their pieces reject.
  const stop = () => void executor.dispose();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    const record = await executor.describe();
    const { threads, notes } = await limitThreads(executor.threads, record, availableBytes);
    const plan = planAudit(config.config, overrides, subject, record);
    const files = await stampFiles(config, modelPath, record);
    const all = [...plan.samples, ...plan.baseline];
    const ids = await executor.sampleIds(all);
    const report = new GrowingReport(
      plan,
      config,
      record,
      { toolVersion: options.toolVersion, modelPath, threads, files },
      new Map(all.map((index, i) => [index, ids[i] ?? String(index)])),
    );
    report.addEngineNotes(notes);
    const writer = new ReportWriter(reportFolderOf(config.folder, modelPath), report, reportPath =>
      onEvent({ kind: 'report', reportPath }),
    );
    const run = new AuditRun(options, plan, report, writer, executor, threads);
    await run.checkGradient();
    const state = await run.runPieces();
    return { reportPath: writer.path, report: await writer.finish(state) };
  } finally {
    signal.removeEventListener('abort', stop);
    await executor.dispose();
  }
}

function subjectOf({ config, modelPath, overrides, engine }: AuditOptions): AuditSubject {
  return {
    folder: config.folder,
    modelPath,
    input: config.config.input,
    data: config.data,
    uncertainty: config.uncertainty,
    outside: (config.conditions ?? []).flatMap(condition =>
      condition.condition === 'out-of-distribution'
        ? [{ name: condition.name, data: condition.data }]
        : [],
    ),
    transferFrom: [
      ...new Set(
        (config.conditions ?? []).flatMap(condition =>
          condition.condition === 'transfer' && condition.from !== modelPath
            ? [condition.from]
            : [],
        ),
      ),
    ],
    averagedPasses: config.config.averagedPasses,
    manifold:
      config.manifold === undefined
        ? undefined
        : { config: config.manifold, seed: config.config.seed },
    selection: sampleSelection(config.config, overrides),
    engine,
    seed: overrides.seed ?? config.config.seed,
  };
}

async function stampFiles(
  config: ResolvedConfig,
  modelPath: string,
  record: SubjectRecord,
): Promise<FileStamp[]> {
  const stamp = (file: string, role: FileStamp['role']) => stampFile(config.folder, file, role);
  const sources = [
    ...record.outside,
    ...(record.calibration === undefined ? [] : [record.calibration]),
    ...(record.manifoldData === undefined ? [] : [record.manifoldData]),
  ];
  const dataFiles = new Set([...record.dataFiles, ...sources.flatMap(({ files }) => files)]);
  const companions = new Set([
    ...record.companionFiles,
    ...record.transferFrom.flatMap(source => source.files),
  ]);
  return await Promise.all([
    stamp(config.file, 'config'),
    ...record.modelFiles.map(file => stamp(file, file === modelPath ? 'model' : 'weights')),
    ...[...companions].map(file => stamp(file, 'companion')),
    ...[...dataFiles].map(file => stamp(file, 'data')),
  ]);
}

/** One audit under way: hands pieces to the executor, keeps what they yield, grows the report. */
class AuditRun {
  readonly #options: AuditOptions;
  readonly #plan: AuditPlan;
  readonly #report: GrowingReport;
  readonly #writer: ReportWriter;
  readonly #executor: PieceExecutor;
  readonly #threads: number;
  readonly #store: PieceStore;
  readonly #schedule: PieceSchedule;
  readonly #progress: AuditProgress;
  readonly #earlyDecision: EarlyDecision | undefined;
  /** What ends the whole audit, the first of several threads. */
  #fatal: Error | undefined;

  constructor(
    options: AuditOptions,
    plan: AuditPlan,
    report: GrowingReport,
    writer: ReportWriter,
    executor: PieceExecutor,
    threads: number,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#report = report;
    this.#writer = writer;
    this.#executor = executor;
    this.#threads = threads;
    this.#store = new PieceStore(join(options.config.folder, pieceFolder));
    this.#schedule = new PieceSchedule(plan.pieces);
    this.#progress = new AuditProgress(plan.pieces, options.onEvent);
    if (options.overrides.untilDecided === true) {
      const { requirements } = options.config.config;
      this.#earlyDecision = new EarlyDecision(requirements, report.conditions);
      report.decideEarly(this.#earlyDecision);
    }
  }

  /** Checks the model's own gradient before anything is built on it. */
  async checkGradient(): Promise<void> {
    if (this.#isCancelled()) return;
    this.#progress.announce('Checking the model’s gradient');
    const indices = this.#plan.samples.slice(0, gradientCheckSamples);
    try {
      const { check, notes } = await this.#executor.checkGradient(indices, {
        signal: this.#options.signal,
      });
      this.#report.setGradientCheck(check, notes);
    } catch (error) {
      if (this.#isCancelled()) return;
      throw error;
    }
  }

  /** Runs all pieces on as many threads as there are. */
  async runPieces(): Promise<'complete' | 'cancelled'> {
    const { signal } = this.#options;
    const close = () => this.#schedule.close();
    signal.addEventListener('abort', close);
    try {
      if (this.#isCancelled()) close();
      this.#dropDecided();
      await Promise.all(Array.from({ length: this.#threads }, () => this.#work()));
    } finally {
      signal.removeEventListener('abort', close);
    }
    if (this.#fatal !== undefined) {
      this.#closeConditions('cancelled');
      await this.#writer.finish('failed').catch(() => undefined);
      throw this.#fatal;
    }
    await this.#runProbes();
    const cancelled = this.#isCancelled();
    this.#closeConditions(cancelled ? 'cancelled' : 'finished');
    await this.#store.prune();
    return cancelled ? 'cancelled' : 'complete';
  }

  /** Looks for signs that the numbers cannot be trusted, on as many threads as there are. */
  async #runProbes(): Promise<void> {
    const waiting = this.#plan.probes.filter(
      ({ attack }) => attack === undefined || this.#report.condition(attack).state === 'finished',
    );
    const work = async () => {
      for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
        if (this.#isCancelled()) return;
        await this.#runProbe(probe);
      }
    };
    await Promise.all(Array.from({ length: this.#threads }, work));
  }

  /** A probe that fails is told of and takes nothing with it. */
  async #runProbe(probe: PlannedProbe): Promise<void> {
    try {
      const kept = this.#options.resume ? await this.#store.load(probe.key) : undefined;
      if (kept === undefined) this.#progress.announce(phaseOf(probe), 1);
      const { signal } = this.#options;
      const output = kept ?? (await this.#executor.run(probe.task, { signal }));
      this.#report.addProbe({ probe, output });
      if (kept === undefined) await this.#store.save(probe.key, output);
    } catch (error) {
      if (this.#isCancelled()) return;
      this.#options.onEvent({ kind: 'notice', message: `Sanity check: ${describeError(error)}` });
    }
  }

  /** One thread's share: takes pieces until there are none. */
  async #work(): Promise<void> {
    for (;;) {
      const piece = await this.#schedule.take();
      if (piece === undefined) return;
      const results = this.#report.condition(piece.condition.id);
      if (results.state === 'waiting') results.state = 'running';
      try {
        await this.#runPiece(piece);
        this.#schedule.finish(piece);
        this.#dropDecided();
        if (!this.#schedule.isOpen(piece.condition.id)) results.state = this.#closedState(results);
        this.#writer.grown(results);
      } catch (error) {
        this.#handleFailure(piece, error);
      }
    }
  }

  /** Where only decisions are asked for: what no open requirement needs is not measured. */
  #dropDecided(): void {
    const needed = this.#earlyDecision?.needed();
    if (needed === undefined) return;
    // Attacks start from the clean samples, whatever is asked of those.
    this.#schedule.drop(
      ({ condition, step }) =>
        step.kind === 'score' || (condition.id !== 'clean' && !needed.has(condition.id)),
    );
  }

  /** A condition that was left when it had decided is not shown as if it were whole. */
  #closedState(results: ConditionResults): 'finished' | 'cancelled' {
    return results.finished === results.plan.indices.length ? 'finished' : 'cancelled';
  }

  /** Loads a piece from an earlier run, or computes and keeps it. */
  async #runPiece(piece: PlannedPiece): Promise<void> {
    const kept = this.#options.resume ? await this.#store.load(piece.key) : undefined;
    if (kept !== undefined) {
      this.#report.add(piece, kept, 0);
      this.#progress.finish(piece, false);
      return;
    }
    this.#progress.start(piece);
    const began = performance.now();
    const output = await this.#compute(piece);
    this.#report.add(piece, output, (performance.now() - began) / 1000);
    await this.#store.save(piece.key, output);
    this.#progress.finish(piece, true);
  }

  /** An attack in stages is kept stage by stage: an audit that is ended loses one of them at most. */
  async #compute(piece: PlannedPiece): Promise<PieceOutput> {
    const { step } = piece;
    const stages = step.kind === 'attack' ? stageCount(step.settings) : 1;
    if (stages === 1) return await this.#runTask(piece);
    let earlier: OutputOf<'attack'> | undefined;
    for (let number = 0; number < stages - 1; number++) {
      const key = `${piece.key}-stage-${number}`;
      const kept = this.#options.resume ? await this.#store.load(key) : undefined;
      const output = kept ?? (await this.#runTask(piece, { number, earlier }));
      if (output.kind !== 'attack') throw new RangeError(`a stage gave ${output.kind}`);
      if (kept === undefined) await this.#store.save(key, output);
      earlier = output;
    }
    return await this.#runTask(piece, { number: stages - 1, earlier });
  }

  /** A piece whose thread crashes is tried once more on a new thread. */
  async #runTask(piece: PlannedPiece, stage?: AttackStage): Promise<PieceOutput> {
    const task: PieceTask = {
      step: piece.step,
      indices: piece.indices,
      inputs: this.#inputsOf(piece),
      ...(stage === undefined ? {} : { stage }),
    };
    const control = {
      signal: this.#options.signal,
      onProgress: (fraction: number) => this.#progress.advance(piece, fraction),
      onNote: (note: string) => this.#report.addEngineNotes([note]),
    };
    try {
      return await this.#executor.run(task, control);
    } catch (error) {
      if (!isCrash(error) || this.#isCancelled()) throw error;
      this.#options.onEvent({
        kind: 'notice',
        message: `A tensor thread crashed in ${piece.condition.label}; the piece is run again.`,
      });
      return await this.#executor.run(task, control);
    }
  }

  #inputsOf(piece: PlannedPiece): Float32Array | undefined {
    if (piece.inputsOf === undefined) return undefined;
    const { inputs } = this.#report.condition(piece.inputsOf);
    return inputs.slice(piece.start, piece.start + piece.indices.length).values;
  }

  /** A condition that fails does not take the others with it, unless it is the clean one. */
  #handleFailure(piece: PlannedPiece, error: unknown): void {
    const dependent = this.#schedule.abandon(piece);
    if (this.#isCancelled()) return;
    for (const id of dependent) {
      const lost = this.#report.condition(id);
      lost.state = 'failed';
      lost.error = `It builds on ${piece.condition.label}, which failed.`;
    }
    const results = this.#report.condition(piece.condition.id);
    results.state = 'failed';
    results.error = describeError(error);
    const hopeless =
      piece.condition.id === 'clean' || error instanceof AuditError || error instanceof NumpyError;
    if (hopeless) {
      this.#fatal ??= error instanceof Error ? error : new Error(String(error));
      this.#schedule.close();
    }
    this.#options.onEvent({
      kind: 'notice',
      message: `${piece.condition.label}: ${results.error}`,
    });
  }

  /** A method, since the answer changes while something is awaited. */
  #isCancelled(): boolean {
    return this.#options.signal.aborted;
  }

  #closeConditions(state: 'finished' | 'cancelled'): void {
    for (const results of this.#report.conditions) {
      if (results.state === 'waiting' || results.state === 'running') {
        results.state = state === 'finished' ? this.#closedState(results) : state;
      }
    }
  }
}

/** What a probe does, for people. */
function phaseOf({ task: { step } }: PlannedProbe): string {
  if (step.kind === 'certify') return 'Randomised smoothing';
  if (step.kind === 'illustrate') return 'Pictures of the manifold';
  return 'Looking for masked gradients';
}

function isCrash(error: unknown): boolean {
  return error instanceof AssayError && error.code === 'engine/thread-crashed';
}
