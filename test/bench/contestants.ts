import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type CompiledFunction,
  compileFunction,
} from '../../src/engine/compile/compile-function.ts';
import type { Runtime } from '../../src/engine/compile/session.ts';
import { type Timing, timed } from './timing.ts';
import type { Workload } from './engine-workloads.ts';

/** An engine that runs the workloads. */
export interface Contestant {
  readonly name: string;
  /** Runs a workload once; nothing when it cannot. */
  time(workload: Workload, batch: number): Promise<Timing | undefined>;
}

/** A process that is asked line by line. */
class Talker {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...environment },
    });
    if (this.#process.stdout === null) throw new Error(`${command} has no output.`);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async listen(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('A process of the benchmark has ended.');
    return answer.value;
  }

  ask(...parts: readonly (string | number)[]): Promise<string> {
    this.#process.stdin?.write(`${parts.join('\t')}\n`);
    return this.listen();
  }
}

function timingOf(answer: string): Timing | undefined {
  if (answer.startsWith('failed')) return undefined;
  const [clock = NaN, processor = NaN] = answer.split(' ').map(Number);
  return { clock, processor };
}

/** Our compiled functions, in this process. */
export function compiled(runtime: Runtime, threads: number): Contestant {
  let current: { key: string; fn: CompiledFunction; inputs: readonly Float32Array[] } | undefined;
  return {
    name: `compiled, ${threads}`,
    async time(workload, batch) {
      const key = `${workload.name} ${batch}`;
      if (current?.key !== key) {
        await current?.fn.release();
        const { shapes, compute, inputs } = workload.step(batch);
        const specs = shapes.map(shape => ({ shape, type: 'float32' }) as const);
        const fn = await compileFunction(runtime, compute, specs, { threads });
        current = { key, fn, inputs };
      }
      const { fn, inputs } = current;
      return await timed(() => fn.run(inputs));
    },
  };
}

/** PyTorch with one thread and with two, in one process, and its version. */
export async function torch(
  python: string,
): Promise<{ readonly version: string; readonly contestants: readonly Contestant[] }> {
  const talker = new Talker(python, [join(import.meta.dirname, 'torch_workloads.py')]);
  const version = await talker.listen();
  const contestants = [1, 2].map((threads): Contestant => ({
    name: `torch, ${threads}`,
    time: async ({ name }, batch) => timingOf(await talker.ask(name, batch, threads, 1)),
  }));
  return { version, contestants };
}

/** TensorFlow.js in a process of its own: see contestant-process.ts. */
export async function eager(
  engine: 'stock' | 'wasm' | 'tensorflow',
  options: { readonly folder?: string; readonly threads?: number } = {},
): Promise<Contestant> {
  const { folder, threads = 1 } = options;
  const program = join(import.meta.dirname, 'contestant-process.ts');
  const args = ['--import', 'tsx', program, engine, ...(folder === undefined ? [] : [folder])];
  const talker = new Talker(process.execPath, args, {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
  });
  await talker.listen();
  const names = { stock: 'stock wasm', wasm: 'our wasm', tensorflow: 'tfjs-node' } as const;
  return {
    name: `${names[engine]}, ${threads}`,
    time: async ({ name }, batch) => timingOf(await talker.ask(name, batch)),
  };
}
