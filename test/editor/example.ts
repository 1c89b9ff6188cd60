import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { AssayApi } from '../../src/extension/assay-api.ts';

/** The extension under test, activated. */
export async function activateAssay(): Promise<AssayApi> {
  const extension = vscode.extensions.getExtension<AssayApi>('assay.assay');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** A file of the workspace that the tests opened. */
export function fileOf(path: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'a folder is open');
  return vscode.Uri.joinPath(folder.uri, path);
}

/** Gives fields of the workspace's `assay.config.json` other values. */
export async function changeConfig(changes: Readonly<Record<string, unknown>>): Promise<void> {
  const uri = fileOf('assay.config.json');
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  const changed = JSON.stringify({ ...(JSON.parse(text) as object), ...changes }, undefined, 2);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(changed));
}

/** What the lenses of a document say, in their order. */
export async function lensTitles(uri: vscode.Uri): Promise<string[]> {
  await vscode.workspace.openTextDocument(uri);
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    uri,
    100,
  );
  return lenses.map(({ command }) => command?.title ?? '');
}

/**
 * Waits until `condition` gives a value that is neither false nor undefined, and returns it.
 *
 * @throws AssertionError naming `what` when that takes too long
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 120_000,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const value = await condition();
    if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    await delay(100);
  }
  assert.fail(`${what} did not happen within ${timeoutMs} ms`);
}
