/**
 * Runs the workloads compiled, in a process of its own. Reads lines `workload batch threads` and
 * answers each with the time on the clock and of the processor in milliseconds.
 */
import { createInterface } from 'node:readline';
import { compileFunction } from '../../src/engine/compile/compile-function.ts';
import { openNativeEngine } from '../../src/engine/compile/native-engine.ts';
import { loadRuntime } from '../../src/engine/compile/session.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { type Workload, workloads } from './engine-workloads.ts';
import { timed } from './timing.ts';

/** A workload that is compiled. */
interface Prepared {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

const runtime = await loadRuntime();
const eager = await openEngine({ name: 'wasm' });

/** One graph for the whole batch. */
async function compileWhole(workload: Workload, batch: number, threads: number): Promise<Prepared> {
  const { shapes, compute, inputs } = workload.step(batch);
  const specs = shapes.map(shape => ({ shape, type: 'float32' }) as const);
  const fn = await compileFunction(runtime, compute, specs, { threads });
  return { run: () => fn.run(inputs), close: () => fn.release() };
}

/** As an audit runs a function whose rows are independent: in the sizes that the engine chooses. */
async function prepare(workload: Workload, batch: number, threads: number): Promise<Prepared> {
  if (workload.rows === undefined) return await compileWhole(workload, batch, threads);
  const { inputs } = workload.step(batch);
  const engine = await openNativeEngine({ eager, threads });
  const fn = engine.prepare(workload.rows);
  const close = (): Promise<void> => {
    // Not the engine: it would close the eager one, which all share.
    fn.dispose();
    return Promise.resolve();
  };
  return { run: () => fn.run(batch, inputs), close };
}

console.log(runtime.version);
const prepared = new Map<string, Prepared>();
let current = '';
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', batch = '', threads = ''] = line.split('\t');
  const key = `${name} ${batch}`;
  if (current !== key) {
    for (const old of prepared.values()) await old.close();
    prepared.clear();
    current = key;
  }
  const workload = workloads.find(other => other.name === name);
  if (workload === undefined) throw new Error(`There is no workload ${name}.`);
  const known = prepared.get(threads) ?? (await prepare(workload, Number(batch), Number(threads)));
  prepared.set(threads, known);
  const { clock, processor } = await timed(() => known.run());
  console.log(`${clock} ${processor}`);
}
