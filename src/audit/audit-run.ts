import { join } from 'node:path';
import { describeError } from '../errors/assay-error.ts';
import { NumpyError } from '../numpy/numpy-error.ts';
import { AuditError } from './audit-error.ts';
import type { AuditOptions } from './audit-options.ts';
import type { ConditionResults } from './condition-results.ts';
import { EarlyDecision } from './early-decision.ts';
import type { GrowingReport } from './growing-report.ts';
import type { PieceExecutor } from './piece-executor.ts';
import { PieceRunner } from './piece-runner.ts';
import { PieceSchedule } from './piece-schedule.ts';
import { PieceStore } from './piece-store.ts';
import type { AuditPlan } from './plan.ts';
import type { PlannedPiece } from './planned-piece.ts';
import type { PlannedProbe } from './probes.ts';
import { AuditProgress } from './progress.ts';
import type { ReportWriter } from './report-writer.ts';

/** Folder of finished pieces, in the folder of the configuration. */
const pieceFolder = join('.assay', 'pieces');
/** Samples on which the model's own gradient is checked. */
const gradientCheckSamples = 8;

/** One audit under way: hands pieces to the executor, keeps what they yield, grows the report. */
export class AuditRun {
  readonly #options: AuditOptions;
  readonly #plan: AuditPlan;
  readonly #report: GrowingReport;
  readonly #writer: ReportWriter;
  readonly #executor: PieceExecutor;
  readonly #threads: number;
  readonly #store: PieceStore;
  readonly #pieces: PieceRunner;
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
    this.#pieces = new PieceRunner(executor, this.#store, options);
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
      const kept = await this.#pieces.kept(probe.key);
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
    const kept = await this.#pieces.kept(piece.key);
    if (kept !== undefined) {
      this.#report.add(piece, kept, 0);
      this.#progress.finish(piece, false);
      return;
    }
    this.#progress.start(piece);
    const began = performance.now();
    const output = await this.#pieces.compute(piece, this.#inputsOf(piece), {
      onProgress: fraction => this.#progress.advance(piece, fraction),
      onNote: note => this.#report.addEngineNotes([note]),
      onPhase: phase => this.#progress.enter(piece, phase),
    });
    this.#report.add(piece, output, (performance.now() - began) / 1000);
    await this.#store.save(piece.key, output);
    this.#progress.finish(piece, true);
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
