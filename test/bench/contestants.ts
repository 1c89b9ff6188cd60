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

/** How many threads the contests are about. */
type Threads = 1 | 2;

async function ask(
  talker: LineProcess,
  { name }: Workload,
  batch: number,
  threads: Threads,
): Promise<Timing | undefined> {
  const repetitions = 1;
  return timingOf(await talker.ask([name, batch, threads, repetitions].join('\t')));
}

/** A contestant with one thread and with two, and what it says of its version. */
interface Versions {
  readonly version: string;
  readonly contestants: readonly Contestant[];
}

/**
 * Our compiled functions: see compiled-process.ts. Where samples do not depend on each other, two
 * threads are two workers, each with half of the batch, as in an audit; else both work on one operator.
 */
export async function compiled(): Promise<Versions> {
  const program = join(import.meta.dirname, 'compiled-process.ts');
  const args = ['--import', 'tsx', program];
  const start = (): LineProcess => new LineProcess(process.execPath, args, keepingMemory);
  const alone = start();
  const workers = [start(), start()] as const;
  const [version = ''] = await Promise.all([alone, ...workers].map(worker => worker.listen()));
  const timeTogether = async (workload: Workload, batch: number): Promise<Timing | undefined> => {
    const halves = [Math.ceil(batch / 2), Math.floor(batch / 2)] as const;
    const [first, second] = await Promise.all(
      workers.map((worker, index) => ask(worker, workload, halves[index] ?? 0, 1)),
    );
    if (first === undefined || second === undefined) return undefined;
    return {
      clock: Math.max(first.clock, second.clock),
      processor: first.processor + second.processor,
    };
  };
  const withTwo: Contestant['time'] = async (workload, batch) => {
    if (!workload.hasIndependentSamples) return await ask(alone, workload, batch, 2);
    return batch === 1 ? await ask(alone, workload, 1, 1) : await timeTogether(workload, batch);
  };
  return {
    version,
    contestants: [
      { name: 'compiled, 1', time: (workload, batch) => ask(alone, workload, batch, 1) },
      { name: 'compiled, 2', time: withTwo },
    ],
  };
}

/** PyTorch: see torch_workloads.py. Two threads work on one operator. */
export async function torch(python: string): Promise<Versions> {
  const program = join(import.meta.dirname, 'torch_workloads.py');
  const talker = new LineProcess(python, [program], keepingMemory);
  const version = await talker.listen();
  const contestants = ([1, 2] as const).map((threads): Contestant => ({
    name: `torch, ${threads}`,
    time: (workload, batch) => ask(talker, workload, batch, threads),
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
