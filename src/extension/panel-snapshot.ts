import { dirname } from 'node:path';
import { l10n } from 'vscode';
import { describeError } from '../errors/assay-error.ts';
import type { ReportSummary, ToPanelMessage } from '../protocol/panel-protocol.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { describeStaleness, findStaleFiles } from '../report/staleness.ts';
import type { AuditRuns } from './audit-runs.ts';
import type { ManifoldTrainings } from './manifold-trainings.ts';
import { withRelativePaths } from './relative-paths.ts';
import { modelName, type WorkspaceModel } from './workspace-models.ts';
import type { WorkspaceReports } from './workspace-reports.ts';

/** A running audit writes its report more often; a report older than this is nobody's any more. */
const abandonedMilliseconds = 120_000;

/** All that the panel of a model shows, apart from its samples. */
export async function panelSnapshot(
  model: WorkspaceModel,
  reports: WorkspaceReports,
  runs: AuditRuns,
  trainings: ManifoldTrainings,
): Promise<Extract<ToPanelMessage, { kind: 'snapshot' }>> {
  const run = runs.runOf(model.path);
  const { report, problem: unreadable } = await loadReport(model, reports);
  const problem = run === undefined ? (unreadable ?? runs.lastFailureOf(model.path)) : undefined;
  const training = model.configPath === undefined ? undefined : trainings.of(model.configPath);
  const readable = (message: string): string => withRelativePaths(message, model.folder.uri.fsPath);
  return {
    kind: 'snapshot',
    modelName: modelName(model.uri),
    report: report === undefined ? undefined : summaryOf(report),
    run: run?.progress,
    training:
      training?.problem === undefined
        ? training
        : { ...training, problem: readable(training.problem) },
    problem: problem === undefined ? undefined : readable(problem),
    gap: run === undefined && problem === undefined ? gap(model, report) : undefined,
    // While an audit runs, the report is about to become what is on disk.
    stale: run === undefined ? await staleness(model, report) : undefined,
  };
}

async function loadReport(
  model: WorkspaceModel,
  reports: WorkspaceReports,
): Promise<{ report: AuditReport | undefined; problem: string | undefined }> {
  try {
    return { report: await reports.load(model), problem: undefined };
  } catch (error) {
    return { report: undefined, problem: describeError(error) };
  }
}

function summaryOf({ samples: _, ...summary }: AuditReport): ReportSummary {
  return summary;
}

/** Why the report is missing or unfinished, though nothing went wrong in this window. */
function gap({ configPath }: WorkspaceModel, report: AuditReport | undefined): string | undefined {
  if (configPath === undefined) {
    return l10n.t(
      'There is no assay.config.json yet, which says what data to audit the model with.',
    );
  }
  if (report === undefined) return l10n.t('This model has not been audited yet.');
  const age = Date.now() - new Date(report.updatedAt).getTime();
  return report.state === 'running' && age > abandonedMilliseconds
    ? l10n.t('The audit was interrupted. Run it again: it goes on where it stopped.')
    : undefined;
}

async function staleness(
  { configPath }: WorkspaceModel,
  report: AuditReport | undefined,
): Promise<string | undefined> {
  if (configPath === undefined || report === undefined) return undefined;
  return describeStaleness(await findStaleFiles(dirname(configPath), report.files));
}
