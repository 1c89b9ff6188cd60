import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const bundledCli = resolve(import.meta.dirname, '../../dist/cli.cjs');

export interface CliResult {
  readonly exitCode: number | null;
  readonly output: string;
  readonly problems: string;
}

/**
 * Runs the bundled `assay` as a user would. `onProgress` sees standard error as it comes; `cli` is the
 * bundle of another installation.
 */
export async function runCli(
  folder: string,
  args: readonly string[],
  onProgress?: (text: string, interrupt: () => void) => void,
  cli = bundledCli,
): Promise<CliResult> {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const chunks = { output: '', problems: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    chunks.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    chunks.problems += text;
    onProgress?.(text, () => child.kill('SIGINT'));
  });
  const exitCode = await new Promise<number | null>(done => child.once('close', done));
  return { exitCode, ...chunks };
}
