import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installHost } from '../test/host/install.ts';
import { installExtension, startServer } from '../test/host/vscode-server.ts';
import { npmRun, projectFolder, runStep } from './step.ts';

const example = join(projectFolder, 'examples', 'digits');

/** `assay` says with this exit code that the audit ran and a requirement does not hold. */
const requirementsMissed = 1;

/** Audits the first model of the example with the command line tool, in this terminal. */
function auditExample(): Promise<void> {
  const cli = join(projectFolder, 'dist', 'cli.cjs');
  const { status, error } = spawnSync(
    process.execPath,
    [cli, 'audit', 'models/digits-cnn/model.json'],
    {
      cwd: example,
      stdio: 'inherit',
    },
  );
  if (error !== undefined) return Promise.reject(error);
  if (status === 0 || status === requirementsMissed) return Promise.resolve();
  return Promise.reject(new Error('The audit did not come to its end; what went wrong is above.'));
}

/**
 * Shows the example in VS Code: in the one that is installed, without installing the extension in
 * it, or in the browser, by the VS Code that the tests use.
 */
async function showExample(): Promise<void> {
  const args = [`--extensionDevelopmentPath=${projectFolder}`, example];
  const { error } = spawnSync('code', args, { shell: process.platform === 'win32' });
  if (error === undefined) return;
  console.log('There is no command `code`: getting a VS Code that runs in the browser.');
  await npmRun('package');
  await serveExample();
}

async function serveExample(): Promise<void> {
  const host = await installHost();
  const dataFolder = await mkdtemp(join(tmpdir(), 'assay-demo-'));
  try {
    await installExtension(join(projectFolder, 'assay.vsix'), { host, dataFolder });
    const server = await startServer({ host, dataFolder, smokeTestDriver: false });
    const url = new URL(server.origin);
    url.searchParams.set('folder', example);
    console.log(`\nOpen ${url.href}\nand run "Assay: Audit Model" (F1). Ctrl+C ends it.`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await server.stop();
  } finally {
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/**
 * `npm run demo`: from a fresh clone to the audit of a real model on real data. With `--open` the
 * result is shown in VS Code.
 */
async function demo(): Promise<void> {
  const { values } = parseArgs({ options: { open: { type: 'boolean', default: false } } });
  const steps = [
    { title: 'Build Assay', work: () => npmRun('bundle') },
    { title: 'Prepare the data (MNIST)', work: () => npmRun('prepare-data') },
    { title: 'Audit the example', work: auditExample },
    ...(values.open ? [{ title: 'Show it in VS Code', work: showExample }] : []),
  ];
  for (const { title, work } of steps) {
    const { succeeded } = await runStep(title, work);
    if (!succeeded) {
      process.exitCode = 2;
      return;
    }
  }
  if (!values.open) console.log('\nTo see it in VS Code: npm run demo -- --open');
}

await demo();
