import { dirname, resolve } from 'node:path';
import type { DocumentLink, Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { parseConfig } from '../config/parse-config.ts';
import { isInside } from '../config/resolve-config.ts';
import { findConfigPlaces } from './config-places.ts';
import { kindOf } from './document-kind.ts';
import { findLoadCalls } from './load-calls.ts';
import { resolveReference } from './resolve-reference.ts';
import { findShardNames } from './shard-names.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** Links to models, data and weight shards, where their paths stand. */
export async function documentLinks(
  document: TextDocument,
  index: WorkspaceIndex,
): Promise<DocumentLink[]> {
  const kind = kindOf(document);
  switch (kind.kind) {
    case 'config':
      return configLinks(document, kind.path);
    case 'model':
      return await shardLinks(document, kind.path, index);
    case 'source': {
      const calls = findLoadCalls(document.getText(), kind.dialect);
      const links = calls.map(async ({ argument, reference }) => {
        const target = await resolveReference(reference, kind.path, index);
        return target === undefined ? [] : [link(document, argument.from, argument.to, target)];
      });
      return (await Promise.all(links)).flat();
    }
    case 'other':
      return [];
  }
}

function configLinks(document: TextDocument, path: string): DocumentLink[] {
  const { config, tree } = parseConfig(document.getText());
  if (config === undefined || tree === undefined) return [];
  const { models, data } = findConfigPlaces(config, tree, path);
  // Without the quotes, which are not part of the path.
  return [...models, ...data].map(({ value, offset, length }) =>
    link(document, offset + 1, offset + length - 1, value.path),
  );
}

async function shardLinks(
  document: TextDocument,
  path: string,
  index: WorkspaceIndex,
): Promise<DocumentLink[]> {
  const model = await index.modelFile(path);
  if (model === undefined) return [];
  const folder = dirname(path);
  return findShardNames(document.getText(), model).flatMap(({ name, offset, length }) => {
    const target = resolve(folder, name);
    return isInside(target, folder) ? [link(document, offset, offset + length, target)] : [];
  });
}

function link(document: TextDocument, from: number, to: number, target: string): DocumentLink {
  const range: Range = { start: document.positionAt(from), end: document.positionAt(to) };
  return { range, target: URI.file(target).toString() };
}
