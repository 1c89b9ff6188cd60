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
 * deploys: models, thresholds and a module that scores, refuses and corrects inputs. Resolves once
 * it is written.
 *
 * @param argument what a menu gives: the URI of a `model.json`, or nothing
 * @param target URI of the folder to write, as an object or as text, from a link or an extension that
 *   knows it; with anything else the user is asked, since menus give a second argument of their own
 */
export async function exportGuard(
  argument: unknown,
  target: unknown,
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
    const folder = givenFolder(target) ?? (await chooseFolder(`${modelName(uri)}-guard`));
    if (folder === undefined) return;
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
    void offerReadme(folder);
  } catch (error) {
    await showProblem(error, log);
  }
}

function givenFolder(target: unknown): string | undefined {
  const uri = typeof target === 'string' ? Uri.parse(target, true) : target;
  return uri instanceof Uri ? uri.fsPath : undefined;
}

/** @returns path of a folder called `name` in the one that the user picks; undefined for none */
async function chooseFolder(name: string): Promise<string | undefined> {
  const [parent] =
    (await window.showOpenDialog({
      title: l10n.t('The folder to export the guard into'),
      openLabel: l10n.t('Export Guard'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  return parent === undefined ? undefined : join(parent.fsPath, name);
}

async function offerReadme(folder: string): Promise<void> {
  const readme = l10n.t('Open README');
  const chosen = await window.showInformationMessage(l10n.t('The guard is exported.'), readme);
  if (chosen === readme) {
    await commands.executeCommand('markdown.showPreview', Uri.file(join(folder, 'README.md')));
  }
}
