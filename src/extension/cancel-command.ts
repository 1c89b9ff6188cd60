import { l10n, Uri, window } from 'vscode';
import type { AuditRun, AuditRuns } from './audit-runs.ts';
import { modelName } from './workspace-models.ts';

/**
 * "Assay: Cancel Audit": of the model that is given, of the only one at work, or of the one that
 * the user picks.
 */
export async function cancelAudit(argument: unknown, runs: AuditRuns): Promise<void> {
  const path = givenPath(argument) ?? (await pickRun(runs.all));
  if (path !== undefined) runs.cancel(path);
}

function givenPath(argument: unknown): string | undefined {
  if (argument instanceof Uri) return argument.fsPath;
  return typeof argument === 'string' ? Uri.parse(argument, true).fsPath : undefined;
}

async function pickRun(all: readonly AuditRun[]): Promise<string | undefined> {
  const [first, second] = all;
  if (first === undefined) {
    await window.showInformationMessage(l10n.t('No audit is running.'));
    return undefined;
  }
  if (second === undefined) return first.request.modelPath;
  const items = all.map(({ request }) => ({
    label: modelName(Uri.file(request.modelPath)),
    path: request.modelPath,
  }));
  const placeHolder = l10n.t('Which audit should be cancelled?');
  return (await window.showQuickPick(items, { placeHolder }))?.path;
}
