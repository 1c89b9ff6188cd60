import { spawn } from 'node:child_process';

/** Where and how {@link runCommand} runs a command. */
export interface CommandOptions {
  readonly folder: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** `show`: the command writes to this terminal. `on failure`: only the end of it, in the error. */
  readonly output: 'show' | 'on failure';
}

/** How many characters of a failed command's output its error repeats. */
const shownOutput = 4000;

/**
 * Runs a command without a shell and waits for it.
 *
 * @throws Error with the end of what it wrote when it does not end with exit code 0
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.folder,
    env: options.environment ?? process.env,
    stdio:
      options.output === 'show' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode !== 0) {
    const line = [command, ...args].join(' ');
    throw new Error(`${line} ended with ${String(exitCode)}\n${output.slice(-shownOutput)}`);
  }
  return output;
}
