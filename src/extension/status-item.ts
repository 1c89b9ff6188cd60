import { l10n, StatusBarAlignment, Uri, window } from 'vscode';
import type { Disposable } from 'vscode-jsonrpc';
import { lensCommands } from '../protocol/server-protocol.ts';
import { describeRun } from './audit-progress.ts';
import type { AuditRuns } from './audit-runs.ts';
import { modelName } from './workspace-models.ts';

/** One short item while audits run, which opens the report of the one at work; nothing otherwise. */
export class StatusItem implements Disposable {
  readonly #item = window.createStatusBarItem('assay.audit', StatusBarAlignment.Left, -100);
  readonly #subscription: Disposable;

  constructor(runs: AuditRuns) {
    this.#item.name = l10n.t('Assay Audit');
    this.#subscription = runs.onDidChange(() => this.#update(runs));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #update({ all }: AuditRuns): void {
    const [current, ...others] = all;
    if (current === undefined) {
      this.#item.hide();
      return;
    }
    const uri = Uri.file(current.request.modelPath);
    this.#item.text = `$(sync~spin) Assay ${Math.floor(100 * current.progress.fraction)}%`;
    this.#item.tooltip = [
      `${modelName(uri)}: ${describeRun(current)}`,
      ...others.map(run => `${modelName(Uri.file(run.request.modelPath))}: ${describeRun(run)}`),
    ].join('\n');
    this.#item.command = {
      command: lensCommands.openReport,
      title: l10n.t('Open Report'),
      arguments: [uri],
    };
    this.#item.show();
  }
}
