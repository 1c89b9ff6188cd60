import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostInstallation } from './install.ts';
import { runCommand } from './run-command.ts';

/** How a VS Code server is started. */
export interface ServerOptions {
  readonly host: HostInstallation;
  /** Everything that the server writes goes here: settings, state, logs, extensions. */
  readonly dataFolder: string;
  /** Where extensions are installed; inside {@link dataFolder} when left out. */
  readonly extensionsFolder?: string;
  /** User settings on top of those that keep VS Code quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * Lets the page name an extension under development and tests to run. Notifications then no
   * longer show up as toasts.
   */
  readonly smokeTestDriver: boolean;
  /** Whether folders have to be trusted first, as they have to on the user's machine. */
  readonly workspaceTrust?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly extraArguments?: readonly string[];
}

/** A VS Code server that listens on this machine only. */
export interface RunningServer {
  /** Address of the workbench, for example `http://127.0.0.1:41234`. */
  readonly origin: string;
  readonly process: ChildProcess;
  /** Ends the server and every process that it started. */
  stop(): Promise<void>;
}

/** Settings that keep VS Code from opening, asking or fetching anything by itself. */
const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.dialogStyle': 'custom',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** Variables of a VS Code that these tests may have been started from; VSCODE_TEST_… must stay. */
const foreignVariables = [
  'ELECTRON_RUN_AS_NODE',
  'VSCODE_AGENT_FOLDER',
  'VSCODE_IPC_HOOK_CLI',
  'VSCODE_NODE_OPTIONS',
  'VSCODE_PROXY_URI',
];

const startTimeoutMs = 60_000;
const stopTimeoutMs = 4000;

/** Starts a VS Code server and waits until it listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  await writeUserSettings(options.dataFolder, options.settings ?? {});
  const args = [
    options.host.serverMain,
    ...folderArguments(options),
    '--host=127.0.0.1',
    '--port=0',
    '--without-connection-token',
    '--accept-server-license-terms',
    '--telemetry-level=off',
    ...(options.smokeTestDriver ? ['--enable-smoke-test-driver'] : []),
    ...(options.workspaceTrust === true ? [] : ['--disable-workspace-trust']),
    ...(options.extraArguments ?? []),
  ];
  const server = spawn(options.host.node, args, {
    env: { ...cleanEnvironment(), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that its extension hosts can be ended with it.
    detached: true,
  });
  try {
    const port = await portOf(server, join(options.dataFolder, 'server.log'));
    return { origin: `http://127.0.0.1:${port}`, process: server, stop: () => stop(server) };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

async function writeUserSettings(
  dataFolder: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const userFolder = join(dataFolder, 'data', 'User');
  await mkdir(userFolder, { recursive: true });
  const all = { ...quietSettings, ...settings };
  await writeFile(join(userFolder, 'settings.json'), JSON.stringify(all, undefined, 2));
}

/** Installs a packaged extension for servers that use the same folders. */
export async function installExtension(
  vsix: string,
  options: Pick<ServerOptions, 'host' | 'dataFolder' | 'extensionsFolder'>,
): Promise<void> {
  const args = [
    options.host.serverMain,
    ...folderArguments(options),
    '--accept-server-license-terms',
    `--install-extension=${vsix}`,
  ];
  await runCommand(options.host.node, args, {
    folder: options.dataFolder,
    environment: cleanEnvironment(),
    output: 'on failure',
  });
}

function folderArguments(
  options: Pick<ServerOptions, 'dataFolder' | 'extensionsFolder'>,
): string[] {
  const extensions = options.extensionsFolder ?? join(options.dataFolder, 'extensions');
  return [`--server-data-dir=${options.dataFolder}`, `--extensions-dir=${extensions}`];
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !foreignVariables.includes(name));
  return Object.fromEntries(entries);
}

async function portOf(server: ChildProcess, logFile: string): Promise<number> {
  const log = createWriteStream(logFile);
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`${what}\n${output.slice(-4000)}`));
    const timer = setTimeout(() => fail('The VS Code server did not start.'), startTimeoutMs);
    server.once('error', reject);
    server.once('exit', code => {
      clearTimeout(timer);
      fail(`The VS Code server ended with ${String(code)}.`);
    });
    for (const stream of [server.stdout, server.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log.write(text);
        output += text;
        const port = /Extension host agent listening on (\d+)/.exec(output)?.[1];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(Number(port));
      });
    }
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const ended = new Promise(resolve => server.once('exit', resolve));
    const tooLong = new Promise(resolve => setTimeout(resolve, stopTimeoutMs).unref());
    signalGroup(server, 'SIGTERM');
    await Promise.race([ended, tooLong]);
  }
  // Extension hosts may outlive the server by a moment.
  signalGroup(server, 'SIGKILL');
}

function signalGroup(server: ChildProcess, signal: NodeJS.Signals): void {
  if (server.pid === undefined) return;
  try {
    process.kill(-server.pid, signal);
  } catch {
    // The whole group is gone already.
  }
}
