import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { l10n, Uri, window, workspace, type LogOutputChannel } from 'vscode';
import { configFileName } from '../config/audit-config.ts';
import { draftConfig } from '../config/draft-config.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem } from './problems.ts';
import { modelAt, type WorkspaceModel } from './workspace-models.ts';

/** "Assay: Create Configuration": writes a draft for a model, or opens the file that it has. */
export async function createConfig(argument: unknown, log: LogOutputChannel): Promise<void> {
  try {
    const question = l10n.t('For which model should a configuration be created?');
    const uri = await chooseModel(argument, question);
    if (uri === undefined) return;
    const model = await modelAt(uri);
    if (model.configPath === undefined) await writeDraft(model);
    else await window.showTextDocument(Uri.file(model.configPath));
  } catch (error) {
    await showProblem(error, log);
  }
}

/** Says that a model has no configuration yet, and creates one if the user likes. */
export async function offerConfig(model: WorkspaceModel): Promise<void> {
  const create = l10n.t('Create Configuration');
  const chosen = await window.showInformationMessage(
    l10n.t(
      'There is no assay.config.json for {0} yet. It says what data to audit the model with.',
      workspace.asRelativePath(model.uri),
    ),
    create,
  );
  if (chosen === create) await writeDraft(model);
}

async function writeDraft({ path, folder }: WorkspaceModel): Promise<void> {
  const project = await projectFolder(path, folder.uri.fsPath);
  const uri = Uri.file(join(project, configFileName));
  await workspace.fs.writeFile(uri, Buffer.from(await draftConfig(project, path)));
  await window.showTextDocument(uri);
}

/** Files that lie where a project begins. */
const projectMarks = ['package.json', 'pyproject.toml', 'requirements.txt', '.git'];

/**
 * The folder that a configuration belongs in: where the model's project begins, and model and data
 * are both inside. At the latest the workspace folder.
 */
async function projectFolder(modelPath: string, root: string): Promise<string> {
  for (let folder = dirname(modelPath); folder !== root; folder = dirname(folder)) {
    if (folder === dirname(folder)) break;
    const marks = await Promise.all(projectMarks.map(mark => exists(join(folder, mark))));
    if (marks.includes(true)) return folder;
  }
  return root;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
