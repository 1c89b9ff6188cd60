import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumArguments, provideChromium } from './chromium.ts';
import { parseCodeArguments, type CodeArguments } from './code-arguments.ts';
import { installHost } from './install.ts';
import { startServer, type RunningServer } from './vscode-server.ts';

/** Exit code when the tests did not come to an end, as opposed to 1 for tests that failed. */
const noResultExitCode = 3;

const timeoutMs = Number(process.env['ASSAY_EDITOR_TIMEOUT_MS'] ?? 900_000);

/**
 * What VS Code says by itself on every start, without network and without accounts. Everything else
 * that it or an extension writes to the console is shown.
 */
const noise =
  /^(Canceled|Resolv(ing|ed) connection token|Creating a socket|\[reconnection-grace-time\]|\[AgentHost|\[AccountPolicyGate\]|Updating additional builtin|\[Service Worker\]|Creation of workbench contribution|Timed out waiting for authentication provider|getaddrinfo (ENOTFOUND|EAI_AGAIN)|ChatSessionStore)/;

/**
 * Takes the command line of desktop VS Code, as `@vscode/test-electron` writes it, and runs the
 * tests that it names in the extension host of the installed VS Code server, with a headless
 * Chromium as the window.
 *
 * @returns the exit code: 0 when all tests passed, 1 when some failed, 3 when there is no result
 */
export async function runCodeHost(args: readonly string[]): Promise<number> {
  const host = await installHost();
  const code = parseCodeArguments(args);
  if (code.wantsVersion) {
    const { status } = spawnSync(host.node, [host.serverMain, '--version'], { stdio: 'inherit' });
    return status ?? noResultExitCode;
  }

  const dataFolder = await mkdtemp(join(tmpdir(), 'assay-code-host-'));
  const executablePath = await provideChromium();
  let server: RunningServer | undefined;
  const end = async (): Promise<void> => {
    await server?.stop();
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(130)));
  }
  try {
    server = await startServer({
      host,
      dataFolder,
      ...(code.extensionsFolder === undefined ? {} : { extensionsFolder: code.extensionsFolder }),
      settings: settingsIn(code.userDataFolder),
      smokeTestDriver: true,
    });
    const browser = await chromium.launch({ executablePath, args: [...chromiumArguments] });
    try {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      const page = await context.newPage();
      return await testResult(page, server, workbenchUrl(server.origin, code));
    } finally {
      await browser.close();
    }
  } catch (error) {
    console.error(`[code-host] ${error instanceof Error ? error.message : String(error)}`);
    return noResultExitCode;
  } finally {
    await end();
  }
}

function settingsIn(userDataFolder: string | undefined): Readonly<Record<string, unknown>> {
  if (userDataFolder === undefined) return {};
  const file = join(userDataFolder, 'User', 'settings.json');
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
}

/** The workbench's address, with what to open and what to run. */
function workbenchUrl(origin: string, code: CodeArguments): string {
  const url = new URL(origin);
  const remote = (path: string): string => `vscode-remote://${url.host}${encodeURI(resolve(path))}`;
  const payload = [
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
    ...code.extensionFolders.map(folder => ['extensionDevelopmentPath', remote(folder)]),
    ...(code.testsPath === undefined ? [] : [['extensionTestsPath', remote(code.testsPath)]]),
  ];
  if (code.workspace === undefined) {
    url.searchParams.set('ew', 'true');
  } else {
    const workspace = resolve(code.workspace);
    const kind = statSync(workspace).isDirectory() ? 'folder' : 'workspace';
    url.searchParams.set(kind, workspace);
  }
  url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/** Opens the workbench and waits for the exit code that the tests hand to its window. */
async function testResult(page: Page, server: RunningServer, url: string): Promise<number> {
  const result = new Promise<number>((resolveResult, reject) => {
    void page.exposeFunction('codeAutomationExit', resolveResult);
    page.once('crash', () => reject(new Error('The window crashed.')));
    server.process.once('exit', code =>
      reject(new Error(`The VS Code server ended with ${String(code)}.`)),
    );
    setTimeout(() => reject(new Error(`No result after ${timeoutMs} ms.`)), timeoutMs).unref();
  });
  // Whoever awaits it below is told; until then a rejection must not end this process.
  result.catch(() => undefined);
  await page.exposeFunction('codeAutomationLog', showLog);
  await page.goto(url);
  return result;
}

function showLog(type: string, values: readonly unknown[]): void {
  const [first] = values;
  if (typeof first === 'string' && noise.test(first.replace(/^%c.*?%c /, ''))) return;
  if (type === 'error' || type === 'warn') console.error(...values);
  else console.log(...values);
}
