import { commands, l10n, window, workspace, type LogOutputChannel } from 'vscode';
import { summaryLine } from '../report/wording.ts';
import type { AuditPanels } from './audit-panels.ts';
import { showProgress } from './audit-progress.ts';
import type { AuditRequest, AuditRuns, RunEnding } from './audit-runs.ts';
import { offerConfig } from './create-config.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem, type Remedy } from './problems.ts';
import { WorkerError } from './worker-error.ts';
import { modelAt, modelName, type WorkspaceModel } from './workspace-models.ts';
import type { WorkspaceReports } from './workspace-reports.ts';

/** What the commands work with. */
export interface AuditServices {
  readonly log: LogOutputChannel;
  readonly runs: AuditRuns;
  readonly reports: WorkspaceReports;
  readonly panels: AuditPanels;
}

/**
 * "Assay: Audit Model": finds the model and its configuration, shows the panel, and sees the audit
 * through to its end.
 *
 * @param argument what a menu or a lens gives: the URI of a `model.json`, or nothing
 */
export async function auditModel(argument: unknown, services: AuditServices): Promise<void> {
  try {
    const uri = await chooseModel(argument, l10n.t('Which model should be audited?'));
    if (uri === undefined) return;
    const model = await modelAt(uri);
    if (!(await isTrusted())) return;
    if (model.configPath === undefined) await offerConfig(model);
    else await audit(model, model.configPath, services);
  } catch (error) {
    await showProblem(error, services.log);
  }
}

/** Running a model means trusting it: in a restricted workspace the user is asked, not refused. */
export async function isTrusted(): Promise<boolean> {
  if (workspace.isTrusted) return true;
  const manage = l10n.t('Manage Workspace Trust');
  const chosen = await window.showWarningMessage(
    l10n.t(
      'An audit runs the model, so the workspace has to be trusted first. Reports can be read without.',
    ),
    manage,
  );
  if (chosen === manage) await commands.executeCommand('workbench.trust.manage');
  return false;
}

async function audit(
  model: WorkspaceModel,
  configPath: string,
  services: AuditServices,
): Promise<void> {
  const { runs, panels } = services;
  panels.show(model.uri);
  // Asked for again: the panel shows how far it is, and whoever asked first sees it through.
  if (runs.runOf(model.path) !== undefined) return;
  await saveConfig(configPath);
  const request = requestFor(model, configPath);
  services.log.info(`Audit of ${model.path} by ${configPath} on engine ${request.engine}.`);
  const ending = runs.start(request);
  void showProgress(runs, model.path, modelName(model.uri));
  try {
    await tellEnding(await ending, model, services);
  } catch (error) {
    const again = (title: string): Remedy => ({
      title,
      run: () => audit(model, configPath, services),
    });
    await showProblem(error, services.log, remediesFor(error, again));
  }
}

/** Trouble with the process may be over the next time; what was finished is not done again. */
function remediesFor(error: unknown, again: (title: string) => Remedy): Remedy[] {
  if (!(error instanceof WorkerError)) return [];
  const ended = error.code === 'worker/ended' || error.code === 'worker/crashed';
  return [again(ended ? l10n.t('Continue') : l10n.t('Try Again'))];
}

/** The worker reads what is on disk, and the user means what is in the editor. */
async function saveConfig(configPath: string): Promise<void> {
  const open = workspace.textDocuments.find(({ uri }) => uri.fsPath === configPath);
  if (open?.isDirty === true) await open.save();
}

function requestFor({ uri, path }: WorkspaceModel, configPath: string): AuditRequest {
  const settings = workspace.getConfiguration('assay', uri);
  return {
    modelPath: path,
    configPath,
    engine: settings.get<AuditRequest['engine']>('engine', 'auto'),
    threads: settings.get<number>('threads', 0),
    overrides: {},
  };
}

/** Says how it went, unless the panel is there to say it. */
async function tellEnding(
  ending: RunEnding,
  model: WorkspaceModel,
  { log, reports, panels }: AuditServices,
): Promise<void> {
  const name = modelName(model.uri);
  if (ending.state === 'cancelled') {
    log.info(`Audit of ${name} cancelled.`);
    return;
  }
  const report = await reports.load(model);
  const summary = report === undefined ? '' : summaryLine(report);
  log.info(`Audit of ${name} finished: ${summary}`);
  if (panels.isVisible(model.uri)) return;
  const open = l10n.t('Open Report');
  const missed = l10n.t(
    '{0}: {1} requirements are not met. {2}',
    name,
    ending.failedChecks,
    summary,
  );
  const chosen =
    ending.failedChecks > 0
      ? await window.showWarningMessage(missed, open)
      : await window.showInformationMessage(`${name}: ${summary}`, open);
  if (chosen === open) panels.show(model.uri);
}
