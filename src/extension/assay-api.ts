import type { ManifoldTrainingState } from '../protocol/panel-protocol.ts';
import type { AuditReport } from '../report/audit-report.ts';
import type { AuditRun } from './audit-runs.ts';

/**
 * What `activate` returns: enough for a test to see what a user sees, without asking the screen.
 * It changes nothing; everything that does is a command.
 */
export interface AssayApi {
  /** Time that `activate` took. */
  readonly activationMilliseconds: number;
  /** Audits that wait or run, in their order. */
  runs(): readonly AuditRun[];
  /** Resolves when no audit waits or runs. */
  whenIdle(): Promise<void>;
  /** Resolves when the language server answers. */
  whenServerReady(): Promise<void>;
  /**
   * The report on disk of a model, as the panel shows it; undefined when there is none.
   *
   * @param modelPath absolute path of the `model.json`
   */
  report(modelPath: string): Promise<AuditReport | undefined>;
  /** Process id of the worker while there is one, as the log names it. */
  workerProcessId(): number | undefined;
  /**
   * How the training of a manifold stands, as the panel shows it.
   *
   * @param configPath absolute path of the `assay.config.json`
   */
  training(configPath: string): ManifoldTrainingState | undefined;
  /** Process id of the worker that trains it, while there is one. */
  trainingProcessId(configPath: string): number | undefined;
}
