import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Python program that answers each line with one line. */
export class PythonProcess {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @throws Error when the program cannot be started */
  constructor(python: string, program: string, programArguments: readonly string[] = []) {
    this.#process = spawn(python, [program, ...programArguments], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#process.stdout === null) throw new Error('Python has no output.');
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when the program has ended */
  async ask(line: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`);
    return this.nextLine();
  }

  /** @throws Error when the program has ended */
  async nextLine(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('Python has ended.');
    return answer.value;
  }

  close(): void {
    this.#process.stdin?.end();
  }
}
