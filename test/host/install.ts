import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { withLock } from './lock.ts';
import { runCommand } from './run-command.ts';

/**
 * A real VS Code that npm can install: the server form of it, as the package code-server carries it,
 * and the Node.js that this version of it needs. Its window is a Chromium (see chromium.ts).
 */
export interface HostInstallation {
  /** The Node.js executable that runs the server and its extension host. */
  readonly node: string;
  /** VS Code's server, to be run with {@link node}. */
  readonly serverMain: string;
}

const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';
const nodePackage = `node-linux-${process.arch}`;

/** Changes with everything that changes what is installed; an older installation is replaced. */
const stamp = `code-server ${codeServerVersion}, ${nodePackage} ${nodeVersion}, layout 1`;

const projectFolder = resolve(import.meta.dirname, '../..');
const defaultFolder = join(projectFolder, '.vscode-test', 'host');
const stubsFolder = join(import.meta.dirname, 'stubs');

/** Parts of VS Code that no test uses and that are large; relative to its root. */
const unusedParts = [
  'node_modules/@github',
  'node_modules/@microsoft/mxc-sdk',
  'extensions/copilot',
  'extensions/mermaid-markdown-features',
  'extensions/microsoft-authentication',
];

/** Folders with one entry for each platform, of which only ours is kept. */
const perPlatformFolders = [
  'node_modules/node-pty/prebuilds',
  'node_modules/@vscode/ripgrep-universal/bin',
];

/** Native modules that VS Code misses when nothing is compiled, and what stands in for them. */
const nativeModuleStubs = [
  ['native-watchdog.cjs', 'node_modules/@vscode/native-watchdog/index.js'],
  ['spdlog.cjs', 'node_modules/@vscode/spdlog/index.js'],
] as const;

/**
 * Installs the host from the npm registry, without compiler and install scripts, unless it is there
 * already. About a minute and 400 MB. Several processes may call this at once: one installs, the
 * others wait for it.
 *
 * @throws Error on other systems than Linux, and when npm fails three times
 */
export async function installHost(folder: string = defaultFolder): Promise<HostInstallation> {
  if (process.platform !== 'linux') {
    throw new Error(
      'The test host runs on Linux only. Elsewhere the tests run in a VS Code that is downloaded: npm run test:editor',
    );
  }
  await withLock(`${folder}.lock`, async () => {
    if (await isInstalled(folder)) return;
    const unfinished = `${folder}.unfinished`;
    await retry(3, () => installInto(unfinished));
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  });
  return installationIn(folder);
}

function installationIn(folder: string): HostInstallation {
  return {
    node: join(folder, 'node_modules', nodePackage, 'bin', 'node'),
    serverMain: join(vscodeFolderOf(folder), 'out', 'server-main.js'),
  };
}

function vscodeFolderOf(folder: string): string {
  return join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
}

async function isInstalled(folder: string): Promise<boolean> {
  const found = await readFile(join(folder, 'stamp'), 'utf8').catch(() => undefined);
  return found === stamp;
}

async function installInto(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "vscode-host", "private": true }\n');
  await npmInstall(folder, [`code-server@${codeServerVersion}`, `${nodePackage}@${nodeVersion}`]);

  const vscode = vscodeFolderOf(folder);
  await npmInstall(vscode, []);
  await npmInstall(join(vscode, 'extensions'), []);
  await removeUnusedParts(vscode);
  for (const [stub, target] of nativeModuleStubs) {
    await cp(join(stubsFolder, stub), join(vscode, target));
  }

  const { node, serverMain } = installationIn(folder);
  await runCommand(node, [serverMain, '--version'], { folder, output: 'on failure' });
  await writeFile(join(folder, 'stamp'), stamp);
}

async function npmInstall(folder: string, packages: readonly string[]): Promise<void> {
  const args = [
    'install',
    ...packages,
    '--omit=dev',
    '--no-save',
    '--no-package-lock',
    // The packages want a newer Node.js than ours, and get it; their install scripts would compile.
    '--no-engine-strict',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
  ];
  await runCommand('npm', args, { folder, output: 'on failure' });
}

async function removeUnusedParts(vscode: string): Promise<void> {
  const foreign = await Promise.all(
    perPlatformFolders.map(async folder => {
      const entries = await readdir(join(vscode, folder)).catch(() => []);
      const ours = `${process.platform}-${process.arch}`;
      return entries.filter(entry => !entry.startsWith(ours)).map(entry => join(folder, entry));
    }),
  );
  for (const part of [...unusedParts, ...foreign.flat()]) {
    await rm(join(vscode, part), { recursive: true, force: true });
  }
}

async function retry(attempts: number, task: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await task();
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
      await delay(attempt * 5000);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { serverMain } = await installHost();
  console.log(`VS Code for tests: ${serverMain}`);
}
