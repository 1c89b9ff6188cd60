import { join, resolve } from 'node:path';
import { runCommand } from '../test/host/run-command.ts';

/** The project's folder. */
export const projectFolder = resolve(import.meta.dirname, '..');

/** How one step of a longer script went. */
export interface StepResult {
  readonly title: string;
  readonly succeeded: boolean;
}

/**
 * Runs one step of a script below a heading, and says how long it took. An error is shown and
 * remembered, not thrown: the steps after it may still have something to say.
 */
export async function runStep(title: string, work: () => Promise<void>): Promise<StepResult> {
  const start = performance.now();
  console.log(`\n━━ ${title}`);
  let succeeded = true;
  try {
    await work();
  } catch (error) {
    succeeded = false;
    console.error(error instanceof Error ? error.message : String(error));
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${succeeded ? '✔' : '✘'} ${title} (${seconds} s)`);
  return { title, succeeded };
}

/** Runs the program of an installed package in the project's folder. */
export async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const file = join(projectFolder, 'node_modules', '.bin', program);
  await runCommand(file, args, { folder: projectFolder, output: 'show' });
}

/** Runs a script of package.json. */
export async function npmRun(script: string, ...args: readonly string[]): Promise<void> {
  const line = ['run', '--silent', script, ...(args.length > 0 ? ['--', ...args] : [])];
  await runCommand('npm', line, { folder: projectFolder, output: 'show' });
}
