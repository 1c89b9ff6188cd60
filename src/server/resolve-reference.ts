import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { isInside } from '../config/resolve-config.ts';
import type { ModelReference } from './load-calls.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** Folders whose content a web server serves at its root. */
const servedFolders = ['', 'public', 'static'];

/**
 * The saved model that a load call names: where the working directory may be is not known, so the
 * folder of the file and those above it are tried, up to the workspace folder.
 *
 * @param sourcePath absolute path of the file with the call
 * @returns absolute path of an existing model, or undefined when none or several may be meant
 */
export async function resolveReference(
  { kind, text }: ModelReference,
  sourcePath: string,
  index: WorkspaceIndex,
): Promise<string | undefined> {
  const path = withoutScheme(text);
  if (path === undefined || sourcePath.split(sep).includes('node_modules')) return undefined;
  const candidates =
    kind === 'whole' ? placesOf(path, sourcePath, index) : await modelsEndingIn(path, index);
  for (const candidate of candidates) {
    if ((await index.modelFile(candidate)) !== undefined) return candidate;
  }
  return undefined;
}

/** The path of a `file:` address or a plain path; undefined for what lies elsewhere. */
function withoutScheme(text: string): string | undefined {
  if (text.startsWith('file://')) {
    // TensorFlow.js takes what follows as it is; `file:///C:/…` is how Windows writes it.
    return text.slice('file://'.length).replace(/^\/(?=[A-Za-z]:)/, '');
  }
  return /^[a-z][a-z0-9+.-]+:/i.test(text) && !/^[A-Za-z]:[\\/]/.test(text) ? undefined : text;
}

function placesOf(path: string, sourcePath: string, index: WorkspaceIndex): string[] {
  const root = index.folderOf(sourcePath);
  if (root === undefined) return [];
  const absolute = isAbsolute(path) ? [resolve(path)] : [];
  const relative = foldersUpTo(root, dirname(sourcePath)).flatMap(folder =>
    servedFolders.map(served => join(folder, served, path)),
  );
  return [...absolute, ...relative].filter(candidate =>
    index.folders.some(folder => isInside(candidate, folder)),
  );
}

function foldersUpTo(root: string, start: string): string[] {
  const folders = [start];
  for (let folder = start; folder !== root && folder !== dirname(folder);) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

/** The only configured model whose path ends like this. */
async function modelsEndingIn(tail: string, index: WorkspaceIndex): Promise<string[]> {
  const end = tail.replace(/^\.?\//, '/').replaceAll('/', sep);
  if (!end.includes('.json')) return [];
  const matching = (await index.configuredModels()).filter(model => model.endsWith(end));
  return matching.length === 1 ? matching : [];
}
