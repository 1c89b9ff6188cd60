import { l10n, Uri, window, workspace, type QuickPickItem } from 'vscode';
import { EditorError } from './editor-error.ts';
import { activeModel, configuredModels, findModels, modelName } from './workspace-models.ts';

interface ModelItem extends QuickPickItem {
  readonly uri: Uri;
}

/**
 * The model that a command is about: what it was given; else what the active editor shows; else
 * what the user picks of the models that there are.
 *
 * @param argument URI of a `model.json`, as an object from a menu and as text from a lens
 * @returns undefined when the user picks none
 * @throws EditorError when there is nothing to pick from
 */
export async function chooseModel(argument: unknown, question: string): Promise<Uri | undefined> {
  if (argument instanceof Uri) return argument;
  if (typeof argument === 'string') return Uri.parse(argument, true);
  const active = await activeModel();
  if (active !== undefined) return active;
  const configured = configuredModels();
  return await pickModel(configured.length > 0 ? configured : await findModels(), question);
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
