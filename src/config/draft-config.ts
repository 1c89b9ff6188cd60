import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { AuditConfig } from './audit-config.ts';

type Draft = Pick<AuditConfig, 'version' | 'models' | 'data' | 'preset' | 'seed'>;

/** Folders that never hold a user's test data. */
const skipped = new Set(['node_modules', '.git', '.assay', '.vscode', 'dist', 'out']);
/** Deep enough for `data/test/…`; a whole disk is never walked. */
const maximumDepth = 3;
const maximumFiles = 5000;

/**
 * Drafts an `assay.config.json` for a model: with the data files that lie near it, or with an
 * example to be filled in when none look like data.
 *
 * @param folder absolute folder that the configuration will be in
 * @param modelPath absolute path of the model.json, inside the folder
 * @returns text of the file, with a comment on what to look through
 */
export async function draftConfig(folder: string, modelPath: string): Promise<string> {
  const files = await filesBelow(folder);
  const portable = (path: string) => relative(folder, path).split(sep).join('/');
  const draft: Draft = {
    version: 1,
    models: [portable(modelPath)],
    data: guessData(files.map(portable)),
    preset: 'quick',
    seed: 0,
  };
  const body = JSON.stringify(draft, null, 2);
  return `// What Assay audits. Look through "data"; "input" says what values an input has (default: 0 to 1).\n${body}\n`;
}

/** The best guess among files with forward slashes: test data before training data. */
function guessData(paths: readonly string[]): AuditConfig['data'] {
  const ranked = paths.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const idxInputs = ranked.find(path => /images.*idx3-ubyte(\.gz)?$/.test(path));
  const idxLabels = idxInputs?.replace('images', 'labels').replace('idx3', 'idx1');
  if (idxInputs !== undefined && idxLabels !== undefined && paths.includes(idxLabels)) {
    return { format: 'idx', inputs: idxInputs, labels: idxLabels };
  }
  const npz = ranked.find(path => path.endsWith('.npz'));
  if (npz !== undefined) return { format: 'npz', file: npz, inputs: 'x_test', labels: 'y_test' };
  const npyInputs = ranked.find(path => /(^|\/)(x|inputs|images)[^/]*\.npy$/i.test(path));
  const npyLabels = ranked.find(path => /(^|\/)(y|labels|targets)[^/]*\.npy$/i.test(path));
  if (npyInputs !== undefined && npyLabels !== undefined) {
    return { format: 'npy', inputs: npyInputs, labels: npyLabels };
  }
  const csv = ranked.find(path => path.endsWith('.csv'));
  if (csv !== undefined) return { format: 'csv', file: csv, label: 'label' };
  const picture = ranked.find(path => /[^/]+\/[^/]+\/[^/]+\.(png|jpe?g)$/i.test(path));
  if (picture !== undefined) {
    return { format: 'images', folder: picture.split('/').slice(0, -2).join('/') };
  }
  return { format: 'images', folder: 'path/to/test-images' };
}

function rank(path: string): number {
  if (/test|t10k/i.test(path)) return 0;
  if (/val(id)?/i.test(path)) return 1;
  return /train/i.test(path) ? 3 : 2;
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  const queue = [{ path: folder, depth: 0 }];
  for (
    let next = queue.shift();
    next !== undefined && found.length < maximumFiles;
    next = queue.shift()
  ) {
    const { path, depth } = next;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = join(path, entry.name);
      if (entry.isFile()) found.push(child);
      else if (entry.isDirectory() && depth < maximumDepth && !skipped.has(entry.name)) {
        queue.push({ path: child, depth: depth + 1 });
      }
    }
  }
  return found;
}
