import type { AuditReport } from '../report/audit-report.ts';
import { reportFolderOf } from '../report/report-files.ts';
import type { AuditOptions } from './audit-options.ts';
import { AuditRun } from './audit-run.ts';
import { auditSubject } from './audit-subject.ts';
import { stampAuditedFiles } from './audited-files.ts';
import { GrowingReport } from './growing-report.ts';
import { planAudit } from './plan.ts';
import { ReportWriter } from './report-writer.ts';
import { limitThreads } from './thread-limit.ts';

/** What is done first, for people. */
const opening = 'Opening model and data';

/** What became of an audit. */
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
  const subject = auditSubject(options);
  const announce = (phase = opening) => onEvent({ kind: 'progress', phase, fraction: 0 });
  announce();
  // Before a thread takes its part.
  const availableBytes = (options.availableMemory ?? (() => process.availableMemory()))();
  const executor = await options.openExecutor(subject);
  // A cancelled audit does not wait for what runs: the threads are ended, their pieces reject.
  const stop = () => void executor.dispose();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    const record = await executor.describe({ onPhase: announce });
    const { threads, notes } = await limitThreads(executor.threads, record, availableBytes);
    const plan = planAudit(config.config, overrides, subject, record);
    const files = await stampAuditedFiles(config, modelPath, record);
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
