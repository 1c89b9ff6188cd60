import { join } from 'node:path';
import type { Timing } from './timing.ts';
import type { Workload } from './engine-workloads.ts';
import { LineProcess } from './line-process.ts';

/** An engine that runs the workloads. */
export interface Contestant {
  readonly name: string;
  /** Runs a workload once; nothing when it cannot. */
  time(workload: Workload, batch: number): Promise<Timing | undefined>;
}

/** Lets the C library of a process keep what is freed, where it would ask the system for it anew. */
const keepingMemory = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 36) };

function timingOf(answer: string): Timing | undefined {
  if (answer.startsWith('failed')) return undefined;
  const [clock = NaN, processor = NaN] = answer.split(' ').map(Number);
  return { clock, processor };
}

/** One process with one thread and with two, and what it says of its version. */
async function withThreads(
  name: string,
  talker: LineProcess,
): Promise<{ readonly version: string; readonly contestants: readonly Contestant[] }> {
  const version = await talker.listen();
  const contestants = [1, 2].map((threads): Contestant => ({
    name: `${name}, ${threads}`,
    time: async (workload, batch) =>
      timingOf(await talker.ask([workload.name, batch, threads, 1].join('\t'))),
  }));
  return { version, contestants };
}

/** Our compiled functions: see compiled-process.ts. */
export function compiled(): ReturnType<typeof withThreads> {
  const program = join(import.meta.dirname, 'compiled-process.ts');
  const args = ['--import', 'tsx', program];
  return withThreads('compiled', new LineProcess(process.execPath, args, keepingMemory));
}

/** PyTorch: see torch_workloads.py. */
export function torch(python: string): ReturnType<typeof withThreads> {
  const program = join(import.meta.dirname, 'torch_workloads.py');
  return withThreads('torch', new LineProcess(python, [program], keepingMemory));
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
