import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const leaves = ['errors', 'random', 'arrays', 'numpy', 'linear-algebra', 'bracketing', 'wording'];

/** Which folders of `src/` each folder may import from, as drawn in docs/architecture.md. */
const allowed: Record<string, readonly string[]> = {
  errors: [],
  random: [],
  arrays: [],
  'linear-algebra': [],
  bracketing: [],
  wording: [],
  numpy: ['errors', 'arrays'],
  engine: leaves,
  data: leaves,
  model: [...leaves, 'engine', 'data'],
  attacks: [...leaves, 'model', 'engine', 'data'],
  certification: [...leaves, 'model', 'engine', 'data'],
  uncertainty: [...leaves, 'model', 'engine', 'data'],
  manifold: [...leaves, 'guard', 'model', 'engine', 'data'],
  guard: ['report'],
  report: ['errors', 'numpy', 'bracketing', 'wording', 'config', 'protocol'],
  config: ['errors', 'report', 'protocol'],
  protocol: ['errors', 'report', 'config'],
  audit: [
    ...leaves,
    'attacks',
    'certification',
    'uncertainty',
    'manifold',
    'guard',
    'model',
    'engine',
    'data',
    'report',
    'config',
    'protocol',
  ],
  worker: ['errors', 'numpy', 'audit', 'protocol', 'report', 'config'],
  cli: ['errors', 'numpy', 'wording', 'audit', 'protocol', 'report', 'config'],
  server: ['errors', 'numpy', 'wording', 'protocol', 'report', 'config'],
  extension: ['errors', 'numpy', 'protocol', 'report', 'config'],
  'webview-ui': ['errors', 'wording', 'protocol', 'report', 'config'],
};

const tensorLibraries = /^(@tensorflow\/|onnxruntime)/;
const tensorFree = ['extension', 'server', 'webview-ui', 'protocol', 'report', 'config', ...leaves];

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly specifier: string;
  /** Folder of `src/` that the import leads to, if it leads there. */
  readonly target: string | undefined;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(ts|mts)$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name));
}

function folderOf(file: string): string | undefined {
  const [first, second] = relative(root, file).split('/');
  return first === 'src' ? second : first;
}

function importsOf(file: string): Import[] {
  const info = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  const folder = folderOf(file) ?? '';
  return info.importedFiles.map(({ fileName }) => ({
    file: relative(root, file),
    folder,
    specifier: fileName,
    // The manifest is data, not a part of the house.
    target:
      fileName.startsWith('.') && !fileName.endsWith('/package.json')
        ? folderOf(resolve(dirname(file), fileName))
        : undefined,
  }));
}

const imports = [...sourceFiles('src'), ...sourceFiles('webview-ui')].flatMap(importsOf);

describe('the arrows between folders go one way', () => {
  test('there are imports to check', () => {
    expect(imports.length).toBeGreaterThan(10);
  });

  test('no folder imports from one that it must not know', () => {
    const broken = imports.filter(
      ({ folder, target }) =>
        target !== undefined && target !== folder && !(allowed[folder] ?? []).includes(target),
    );
    expect(broken.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  test('vscode is imported only by the extension', () => {
    const broken = imports.filter(
      ({ folder, specifier }) => specifier === 'vscode' && folder !== 'extension',
    );
    expect(broken.map(({ file }) => file)).toEqual([]);
  });

  test('no tensor library where the editor, the language server or the panel runs', () => {
    const broken = imports.filter(
      ({ folder, specifier }) => tensorFree.includes(folder) && tensorLibraries.test(specifier),
    );
    expect(broken.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  test('every folder is one that the architecture names', () => {
    const unknown = imports.filter(({ folder }) => !(folder in allowed));
    expect([...new Set(unknown.map(({ folder }) => folder))]).toEqual([]);
  });
});
