import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';
import type { Metafile } from 'esbuild';
import { runCommand } from '../test/host/run-command.ts';
import { projectFolder } from './step.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

/** Bundles that go into the package; the command line tool is shipped by npm. */
const shippedBundles = ['extension', 'server', 'worker', 'tensor-thread', 'panel'];

/** Packages that are shipped as files of theirs. */
const copiedPackages = ['@vscode/codicons'];

/** What the native engine consists of, in addition to the libraries of one platform. */
const nativePackages = ['onnxruntime-node', 'onnxruntime-common'];

/** Folder of the native libraries for each platform that VS Code and ONNX Runtime both know. */
const nativeFolders: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin/arm64',
  'linux-arm64': 'linux/arm64',
  'linux-x64': 'linux/x64',
  'win32-arm64': 'win32/arm64',
  'win32-x64': 'win32/x64',
};

/** Where the native engine is found by the bundles, in the package as well. */
const shippedPackages = join(projectFolder, 'dist', 'node_modules');

/**
 * `npm run package`: builds the extension for production and packs it. Without `--target`, the
 * package runs everywhere, on WebAssembly; with it, it also holds the native engine of that
 * platform. `--this-platform` packs for the platform it runs on, where there is a native engine.
 */
async function packageExtension(target: string | undefined): Promise<void> {
  await runCommand(process.execPath, ['esbuild.mjs', '--production'], {
    folder: projectFolder,
    output: 'show',
  });
  await copyNativeEngine(target);
  const copied = target === undefined ? copiedPackages : [...copiedPackages, ...nativePackages];
  const notices = await thirdPartyNotices(projectFolder, await readMetafiles(), copied);
  await writeFile(join(projectFolder, 'ThirdPartyNotices.txt'), notices);

  const name = target === undefined ? 'assay.vsix' : `assay-${target}.vsix`;
  const packagePath = join(projectFolder, name);
  await createVSIX({
    cwd: projectFolder,
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
    ...(target === undefined ? {} : { target }),
  });
  // What runs from this folder takes the engine that is installed here.
  await rm(shippedPackages, { recursive: true, force: true });
  const { size } = await stat(packagePath);
  console.log(`${name}  ${(size / 1e6).toFixed(1)} MB`);
}

async function copyNativeEngine(target: string | undefined): Promise<void> {
  await rm(shippedPackages, { recursive: true, force: true });
  if (target === undefined) return;
  const libraries = nativeFolders[target];
  if (libraries === undefined) {
    const known = Object.keys(nativeFolders).join(', ');
    throw new Error(`There is no native engine for ${target}; there is one for ${known}.`);
  }
  const runtime = join('onnxruntime-node', 'bin', 'napi-v6', libraries);
  const parts = [
    ...nativePackages.flatMap(name => [join(name, 'package.json'), join(name, 'dist')]),
    runtime,
  ];
  for (const part of parts) {
    await cp(join(projectFolder, 'node_modules', part), join(shippedPackages, part), {
      recursive: true,
      filter: source => !/\.(map|ts)$/.test(source),
    });
  }
}

async function readMetafiles(): Promise<Metafile[]> {
  const folder = join(projectFolder, 'out', 'meta');
  const files = (await readdir(folder)).filter(file =>
    shippedBundles.some(bundle => file === `${bundle}.json`),
  );
  return Promise.all(
    files.map(async file => JSON.parse(await readFile(join(folder, file), 'utf8')) as Metafile),
  );
}

/** Where VS Code has a name for this platform and its native engine is installed. */
function thisPlatform(): string | undefined {
  const target = `${process.platform}-${process.arch}`;
  const isInstalled = existsSync(join(projectFolder, 'node_modules', 'onnxruntime-node'));
  return isInstalled && target in nativeFolders ? target : undefined;
}

const { values } = parseArgs({
  options: { target: { type: 'string' }, 'this-platform': { type: 'boolean', default: false } },
});
const target = values['this-platform'] ? thisPlatform() : values.target;
if (values['this-platform'] && target === undefined) {
  console.log('There is no native engine for this platform: nothing is packed.');
} else {
  await packageExtension(target);
}
