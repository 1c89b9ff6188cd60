import { l10n, Uri, window, workspace, type WorkspaceFolder } from 'vscode';
import { readModelFile } from '../config/model-file.ts';
import { parseConfig } from '../config/parse-config.ts';
import { findConfig, resolveConfig } from '../config/resolve-config.ts';
import { EditorError } from './editor-error.ts';

/** Folders that hold other people's files, or files that nobody wrote. */
const excludedFromSearch = '**/{node_modules,.git,.assay,dist,out}/**';
const searchLimit = 200;

/** A model of the workspace and the configuration that applies to it. */
export interface WorkspaceModel {
  readonly uri: Uri;
  /** Absolute path of the `model.json`. */
  readonly path: string;
  readonly folder: WorkspaceFolder;
  /** Absolute path of the nearest `assay.config.json` upwards; undefined when there is none. */
  readonly configPath: string | undefined;
}

/**
 * The model that a file is.
 *
 * @throws EditorError when the file is not in the workspace, or is no TensorFlow.js model
 */
export async function modelAt(uri: Uri): Promise<WorkspaceModel> {
  const model = await locateModel(uri);
  if ((await readModelFile(uri.fsPath)) === undefined) {
    throw new EditorError('editor/not-a-model', l10n.t('This is not a TensorFlow.js model.'), {
      place: { file: workspace.asRelativePath(uri) },
      remedy: l10n.t('Choose the model.json that tensorflowjs_converter or model.save() wrote.'),
    });
  }
  return model;
}

/** As {@link modelAt}, for a model that may be gone while its report is still there. */
export async function locateModel(uri: Uri): Promise<WorkspaceModel> {
  const folder = workspace.getWorkspaceFolder(uri);
  if (folder === undefined || uri.scheme !== 'file') {
    throw new EditorError(
      'editor/outside-workspace',
      l10n.t('The model is not part of the open workspace.'),
      {
        place: { file: uri.fsPath },
        remedy: l10n.t('Open the folder that holds the model and its data.'),
      },
    );
  }
  const configPath = await findConfig(uri.fsPath, folder.uri.fsPath);
  return { uri, path: uri.fsPath, folder, configPath };
}

/** The model of the active editor, if that shows one. */
export async function activeModel(): Promise<Uri | undefined> {
  const uri = window.activeTextEditor?.document.uri;
  if (uri?.scheme !== 'file' || !uri.path.endsWith('/model.json')) return undefined;
  return (await readModelFile(uri.fsPath)) === undefined ? undefined : uri;
}

/** The models that a configuration names, as it is in the editor, or else on disk. */
export async function configuredModels(configUri: Uri): Promise<Uri[]> {
  const document = await workspace.openTextDocument(configUri);
  const { config } = parseConfig(document.getText());
  if (config === undefined) return [];
  try {
    return resolveConfig(config, configUri.fsPath).models.map(path => Uri.file(path));
  } catch {
    // A path that leaves the folder: the diagnostics of the document say so.
    return [];
  }
}

/** The TensorFlow.js models of the workspace, those nearest to its root first. */
export async function findModels(): Promise<Uri[]> {
  const found = await workspace.findFiles('**/model.json', excludedFromSearch, searchLimit);
  const models = await Promise.all(
    found.map(async uri => ((await readModelFile(uri.fsPath)) === undefined ? [] : [uri])),
  );
  return models.flat().sort((a, b) => depth(a) - depth(b) || (a.path < b.path ? -1 : 1));
}

function depth(uri: Uri): number {
  return uri.path.split('/').length;
}

/** What people call a model: the name of its folder, or of its file when that is not `model.json`. */
export function modelName(uri: Uri): string {
  const parts = uri.path.split('/');
  const file = parts.at(-1) ?? '';
  return file === 'model.json' ? (parts.at(-2) ?? file) : file;
}
