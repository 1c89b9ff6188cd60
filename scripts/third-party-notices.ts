import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** A package of somebody else that is part of what we ship. */
interface ThirdPartyPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly licence: string;
  readonly licenceText: string;
}

/** The parts that are used of a package's manifest. */
interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** Licences that let us ship the package when their text goes with it. */
const acceptedLicences = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'ISC',
  'MIT',
];

/** Where the text of a licence stands that some packages name without enclosing it. */
const standardTexts: Readonly<Record<string, string>> = {
  'Apache-2.0': 'node_modules/typescript/LICENSE.txt',
  MIT: 'LICENSE',
};

/**
 * The licences of all packages that went into the bundles, by what esbuild says it read, together
 * with the packages whose files are copied. Packages under the same text share it.
 *
 * @param metafiles one for each bundle
 * @param copiedPackages names of packages whose files are shipped as they are
 * @throws Error naming a package whose licence is unknown or not accepted
 */
export async function thirdPartyNotices(
  projectFolder: string,
  metafiles: readonly Metafile[],
  copiedPackages: readonly string[],
): Promise<string> {
  const folders = new Set(copiedPackages.map(name => `node_modules/${name}`));
  for (const metafile of metafiles) {
    for (const input of Object.keys(metafile.inputs)) {
      const folder = packageFolderOf(input);
      if (folder !== undefined) folders.add(folder);
    }
  }
  const packages = await Promise.all(
    [...folders].sort().map(folder => readPackage(projectFolder, folder)),
  );
  const byText = new Map<string, ThirdPartyPackage[]>();
  for (const each of packages) {
    byText.set(each.licenceText, [...(byText.get(each.licenceText) ?? []), each]);
  }
  const sections = [...byText].map(([text, sharing]) => `${titlesOf(sharing)}\n\n${text.trim()}\n`);
  return ['Assay contains the following packages, each under its own licence.\n', ...sections].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

/** `node_modules/a/node_modules/@b/c` of a file somewhere inside of it. */
function packageFolderOf(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function titlesOf(packages: readonly ThirdPartyPackage[]): string {
  const titles = packages.map(({ name, version, licence }) => `${name} ${version} (${licence})`);
  return [...new Set(titles)].join('\n');
}

async function readPackage(projectFolder: string, folder: string): Promise<ThirdPartyPackage> {
  const manifestFile = join(projectFolder, folder, 'package.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as PackageManifest;
  const { name, version, license: licence = 'unknown' } = manifest;
  if (!partsOf(licence).every(part => acceptedLicences.includes(part))) {
    throw new Error(`${name} ${version} is under the licence "${licence}", which is not accepted.`);
  }
  const licenceText =
    (await ownLicenceText(join(projectFolder, folder))) ??
    (await standardLicenceText(projectFolder, manifest, licence));
  return { name, version, licence, licenceText };
}

async function ownLicenceText(folder: string): Promise<string | undefined> {
  const file = (await readdir(folder)).find(entry => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  return file === undefined ? undefined : readFile(join(folder, file), 'utf8');
}

/** The licences of an SPDX expression that all apply: `Apache-2.0 AND MIT`. */
function partsOf(licence: string): string[] {
  return licence.split(' AND ');
}

async function standardLicenceText(
  projectFolder: string,
  { name, author }: PackageManifest,
  licence: string,
): Promise<string> {
  const holder = typeof author === 'object' ? author.name : (author ?? `The ${name} authors`);
  const texts = partsOf(licence).map(async part => {
    const file = standardTexts[part];
    if (file === undefined) throw new Error(`${name} encloses no text of its licence ${part}.`);
    const text = await readFile(join(projectFolder, file), 'utf8');
    return text.replace(/^Copyright \(c\) .*$/m, `Copyright (c) ${holder}`);
  });
  return (await Promise.all(texts)).join('\n\n');
}
