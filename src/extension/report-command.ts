import { l10n, type LogOutputChannel } from 'vscode';
import type { AuditPanels } from './audit-panels.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem } from './problems.ts';

/** "Assay: Open Report": shows the panel of a model, which says so itself when there is no report. */
export async function openReport(
  argument: unknown,
  { log, panels }: { readonly log: LogOutputChannel; readonly panels: AuditPanels },
): Promise<void> {
  try {
    const uri = await chooseModel(argument, l10n.t('Whose report should be opened?'));
    if (uri !== undefined) panels.show(uri);
  } catch (error) {
    await showProblem(error, log);
  }
}
