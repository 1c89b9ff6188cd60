import { l10n, Uri, window, workspace, type QuickPickItem } from 'vscode';
import { configFileName } from '../config/audit-config.ts';
import { EditorError } from './editor-error.ts';
import { activeModel, configuredModels, findModels, modelName } from './workspace-models.ts';

interface ModelItem extends QuickPickItem {
  readonly uri: Uri;
}

/**
 * The model that a command is about: what it was given; else what the active editor shows; else
 * what the user picks of the models that there are.
 *
 * @param argument URI of a `model.json` or of a configuration with several, as an object from a menu
 *   and as text from a lens
 * @returns undefined when the user picks none
 * @throws EditorError when there is nothing to pick from
 */
export async function chooseModel(argument: unknown, question: string): Promise<Uri | undefined> {
  const given = typeof argument === 'string' ? Uri.parse(argument, true) : argument;
  if (given instanceof Uri && !isConfig(given)) return given;
  const shown = given instanceof Uri ? given : window.activeTextEditor?.document.uri;
  if (shown !== undefined && isConfig(shown)) {
    const configured = await configuredModels(shown);
    if (configured.length > 0) return await pickModel(configured, question);
  }
  return (await activeModel()) ?? (await pickModel(await findModels(), question));
}

function isConfig({ path }: Uri): boolean {
  return path.endsWith(`/${configFileName}`);
}

async function pickModel(models: readonly Uri[], question: string): Promise<Uri | undefined> {
  const [only] = models;
  if (only === undefined) {
    throw new EditorError(
      'editor/not-a-model',
      l10n.t('There is no TensorFlow.js model in this workspace.'),
      { remedy: l10n.t('Convert one with tensorflowjs_converter, or save one with model.save().') },
    );
  }
  if (models.length === 1) return only;
  const items = models.map((uri): ModelItem => ({
    label: modelName(uri),
    description: workspace.asRelativePath(uri),
    uri,
  }));
  const chosen = await window.showQuickPick(items, {
    placeHolder: question,
    matchOnDescription: true,
  });
  return chosen?.uri;
}
