import { join } from 'node:path';
import {
  type CompiledFunction,
  compileFunction,
} from '../../src/engine/compile/compile-function.ts';
import type { Runtime, TensorData } from '../../src/engine/compile/session.ts';
import { type Timing, timed } from './timing.ts';
import type { Workload } from './engine-workloads.ts';
import { LineProcess } from './line-process.ts';

/** An engine that runs the workloads. */
export interface Contestant {
  readonly name: string;
  /** Runs a workload once; nothing when it cannot. */
  time(workload: Workload, batch: number): Promise<Timing | undefined>;
}

/** A workload that is compiled, with the arrays that each call reads and fills. */
interface Prepared {
  readonly key: string;
  readonly fn: CompiledFunction;
  readonly inputs: readonly TensorData[];
  readonly outputs: readonly TensorData[];
}

/** Lets the C library of a process keep what is freed, where it would ask the system for it anew. */
const keepingMemory = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 36) };

function timingOf(answer: string): Timing | undefined {
  if (answer.startsWith('failed')) return undefined;
  const [clock = NaN, processor = NaN] = answer.split(' ').map(Number);
  return { clock, processor };
}

/** Our compiled functions, in this process. */
export function compiled(runtime: Runtime, threads: number): Contestant {
  let current: Prepared | undefined;
  return {
    name: `compiled, ${threads}`,
    async time(workload, batch) {
      const key = `${workload.name} ${batch}`;
      if (current?.key !== key) {
        await current?.fn.release();
        const { shapes, compute, inputs } = workload.step(batch);
        const specs = shapes.map(shape => ({ shape, type: 'float32' }) as const);
        const fn = await compileFunction(runtime, compute, specs, { threads });
        current = { key, fn, inputs, outputs: await fn.run(inputs) };
      }
      const { fn, inputs, outputs } = current;
      return await timed(() => fn.run(inputs, outputs));
    },
  };
}

/** PyTorch with one thread and with two, in one process, and its version. */
export async function torch(
  python: string,
): Promise<{ readonly version: string; readonly contestants: readonly Contestant[] }> {
  const program = join(import.meta.dirname, 'torch_workloads.py');
  const talker = new LineProcess(python, [program], keepingMemory);
  const version = await talker.listen();
  const contestants = [1, 2].map((threads): Contestant => ({
    name: `torch, ${threads}`,
    time: async ({ name }, batch) =>
      timingOf(await talker.ask([name, batch, threads, 1].join('\t'))),
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
  const talker = new LineProcess(process.execPath, args, {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    ...keepingMemory,
  });
  await talker.listen();
  const names = { stock: 'stock wasm', wasm: 'our wasm', tensorflow: 'tfjs-node' } as const;
  return {
    name: `${names[engine]}, ${threads}`,
    time: async ({ name }, batch) => timingOf(await talker.ask([name, batch].join('\t'))),
  };
}
