import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exists } from './exists.ts';
import { withLock } from './lock.ts';
import { runCommand } from './run-command.ts';

/** Names the browser to use, before all the places where one is looked for. */
const overridingVariable = 'ASSAY_CHROMIUM';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const aptPackages = ['chromium', 'fonts-dejavu-core'];
const aptOptions = ['-o', 'DPkg::Lock::Timeout=500'];

/** A Chromium that travels inside an npm package, for Linux without the rights to install one. */
const npmPackage = '@sparticuz/chromium@147';
const npmFolder = resolve(import.meta.dirname, '../../.vscode-test/chromium');

/** What Chromium is started with: no sandbox (it refuses root without), no calls home. */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/**
 * The executable of a Chromium: the one that `ASSAY_CHROMIUM` names, or one that is installed, or
 * one that is installed now, by apt where that is allowed and from npm otherwise.
 *
 * @throws Error that says what to install, when there is none and none can be installed
 */
export async function provideChromium(): Promise<string> {
  const named = process.env[overridingVariable];
  if (named !== undefined) {
    if (await exists(named)) return named;
    throw new Error(`${overridingVariable} names ${named}, which does not exist.`);
  }
  return (await findChromium()) ?? withLock(`${npmFolder}.lock`, installChromium);
}

async function findChromium(): Promise<string | undefined> {
  for (const place of usualPlaces) if (await exists(place)) return place;
  return undefined;
}

async function installChromium(): Promise<string> {
  const failures: string[] = [];
  for (const install of [installWithApt, installFromNpm]) {
    const installedMeanwhile = await findChromium();
    if (installedMeanwhile !== undefined) return installedMeanwhile;
    try {
      const executable = await install();
      if (executable !== undefined) return executable;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    [
      `The tests that look at VS Code need a Chromium. Install one (on Debian: apt-get install`,
      `${aptPackages.join(' ')}) or name its executable in ${overridingVariable}.`,
      ...failures,
    ].join('\n'),
  );
}

async function installWithApt(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !(await exists('/usr/bin/apt-get'))) return undefined;
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]): Promise<string> =>
    runCommand('apt-get', [...aptOptions, ...args], {
      folder: '/',
      environment,
      output: 'on failure',
    });
  await apt('update');
  await apt('install', '-y', '--no-install-recommends', ...aptPackages);
  return findChromium();
}

/** The part of `@sparticuz/chromium` that is used: unpacks the browser and says where it is. */
interface ChromiumPackage {
  readonly default: { executablePath(): Promise<string> };
}

async function installFromNpm(): Promise<string> {
  const manifest = join(npmFolder, 'package.json');
  const installed = join(npmFolder, 'node_modules', '@sparticuz', 'chromium', 'package.json');
  if (!(await exists(installed))) {
    await mkdir(npmFolder, { recursive: true });
    await writeFile(manifest, '{ "name": "chromium-host", "private": true }\n');
    const args = [
      'install',
      npmPackage,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ];
    await runCommand('npm', args, { folder: npmFolder, output: 'on failure' });
  }
  const entry = createRequire(manifest).resolve('@sparticuz/chromium');
  const { default: chromium } = (await import(pathToFileURL(entry).href)) as ChromiumPackage;
  return chromium.executablePath();
}
