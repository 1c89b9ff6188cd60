import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of its own that answers each line with one line. */
export class LineProcess {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  /** The last that it wrote to its error output. */
  #complaint = '';

  /** @param environment what it gets beside the variables of this process */
  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    if (this.#process.stdout === null) throw new Error(`${command} has no output.`);
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#complaint = (this.#complaint + text.toString()).slice(-2000);
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when the process has ended, with how and its last words */
  async listen(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(await this.#ending());
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

  /** How the process ended. Its output may close a little earlier. */
  async #ending(): Promise<string> {
    const { spawnfile } = this.#process;
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await once(this.#process, 'exit');
    }
    const { exitCode, signalCode } = this.#process;
    const way = signalCode === null ? `with exit code ${exitCode ?? '?'}` : `by ${signalCode}`;
    const lastWords = this.#complaint.trim().split('\n').slice(-3).join(' / ');
    return `${spawnfile} has ended ${way}. ${lastWords}`.trim();
  }
}
