import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { unzipSync } from 'fflate';

export const projectFolder = resolve(import.meta.dirname, '../..');

/** The package that `npm run package` writes. */
export const vsixFile = join(projectFolder, 'assay.vsix');

/** The package with the native engine that `npm run package -- --this-platform` writes. */
export const platformVsixFile = join(
  projectFolder,
  `assay-${process.platform}-${process.arch}.vsix`,
);

/** The content of each file of a packed extension, by its path inside the extension. */
export function readPackage(file = vsixFile): ReadonlyMap<string, Buffer> {
  const inside = 'extension/';
  const files = Object.entries(unzipSync(readFileSync(file)))
    .filter(([path]) => path.startsWith(inside))
    .map(([path, content]) => [path.slice(inside.length), Buffer.from(content)] as const);
  return new Map(files);
}

/** Writes the files to a new folder that is near no node_modules, and returns it. */
export function installPackage(files: ReadonlyMap<string, Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-package-'));
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** What a bundle is made of, as esbuild noted when it was built. */
export function metafileOf(bundle: string): Metafile {
  const file = join(projectFolder, 'out', 'meta', `${bundle}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Metafile;
}
