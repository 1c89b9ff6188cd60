import { basename } from 'node:path';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { configFileName } from '../config/audit-config.ts';
import type { SourceDialect } from './load-calls.ts';

/** What a document may have to do with audits; paths are absolute. */
export type DocumentKind =
  | { readonly kind: 'config'; readonly path: string }
  /** Called like a model; whether it is one, its content says. */
  | { readonly kind: 'model'; readonly path: string }
  | { readonly kind: 'source'; readonly path: string; readonly dialect: SourceDialect }
  | { readonly kind: 'other' };

const dialects: Readonly<Record<string, SourceDialect>> = {
  javascript: { typescript: false, jsx: true },
  javascriptreact: { typescript: false, jsx: true },
  typescript: { typescript: true, jsx: false },
  typescriptreact: { typescript: true, jsx: true },
};

export function kindOf({ uri, languageId }: TextDocument): DocumentKind {
  const { scheme, fsPath: path } = URI.parse(uri);
  if (scheme !== 'file') return { kind: 'other' };
  const name = basename(path);
  if (name === configFileName) return { kind: 'config', path };
  if (name === 'model.json') return { kind: 'model', path };
  const dialect = dialects[languageId];
  return dialect === undefined ? { kind: 'other' } : { kind: 'source', path, dialect };
}
