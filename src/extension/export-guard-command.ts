import { join } from 'node:path';
import {
  commands,
  l10n,
  ProgressLocation,
  Uri,
  window,
  workspace,
  type LogOutputChannel,
} from 'vscode';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import { isTrusted } from './audit-command.ts';
import { offerConfig } from './create-config.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem } from './problems.ts';
import { WorkerProcess, type WorkerOptions } from './worker-process.ts';
import { modelAt, modelName } from './workspace-models.ts';

/**
 * "Assay: Export Guard": asks for a folder and writes into a new one below it what an application
 * deploys: models, thresholds and a module that scores, refuses and corrects inputs.
 */
export async function exportGuard(
  argument: unknown,
  log: LogOutputChannel,
  workerOptions: WorkerOptions,
): Promise<void> {
  try {
    const uri = await chooseModel(argument, l10n.t('For which model should a guard be exported?'));
    if (uri === undefined) return;
    const model = await modelAt(uri);
    if (!(await isTrusted())) return;
    const { configPath, path: modelPath } = model;
    if (configPath === undefined) {
      await offerConfig(model);
      return;
    }
    const [parent] =
      (await window.showOpenDialog({
        title: l10n.t('The folder to export the guard into'),
        openLabel: l10n.t('Export Guard'),
        canSelectFiles: false,
        canSelectFolders: true,
      })) ?? [];
    if (parent === undefined) return;
    const folder = join(parent.fsPath, `${modelName(uri)}-guard`);
    const engine = workspace.getConfiguration('assay', uri).get<EngineChoice>('engine', 'auto');
    await window.withProgress(
      { location: ProgressLocation.Notification, title: l10n.t('Exporting the guard') },
      async () => {
        const worker = await WorkerProcess.start(workerOptions);
        try {
          await worker.exportGuard({ configPath, modelPath, folder, engine });
        } finally {
          await worker.shutDown();
        }
      },
    );
    log.info(`The guard of ${modelPath} is in ${folder}.`);
    const readme = l10n.t('Open README');
    const chosen = await window.showInformationMessage(l10n.t('The guard is exported.'), readme);
    if (chosen === readme) {
      await commands.executeCommand('markdown.showPreview', Uri.file(join(folder, 'README.md')));
    }
  } catch (error) {
    await showProblem(error, log);
  }
}
