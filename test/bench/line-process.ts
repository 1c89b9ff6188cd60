import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process of its own that answers each line with one line. */
export class LineProcess {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param environment what it gets beside the variables of this process */
  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...environment },
    });
    if (this.#process.stdout === null) throw new Error(`${command} has no output.`);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when the process has ended */
  async listen(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('A process of the benchmark has ended.');
    return answer.value;
  }

  /** @throws Error when the process has ended */
  ask(line: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`);
    return this.listen();
  }

  /** Lets it end by itself. */
  close(): void {
    this.#process.stdin?.end();
  }

  /** Ends it at once, whatever it is at. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
