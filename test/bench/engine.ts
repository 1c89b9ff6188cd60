/**
 * `npx tsx test/bench/engine.ts [--wasm] [--only=NAME]`: the compiled engine beside PyTorch, and with
 * `--wasm` beside our wasm engine, all in one run, taking turns. `ASSAY_PYTHON` names a Python with
 * torch (`pip install torch`); without one its columns are left out. Times are medians in
 * milliseconds; on a busy machine those of the processor are the better measure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { compileFunction } from '../../src/engine/compile/compile-function.ts';
import { loadRuntime } from '../../src/engine/compile/session.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Step } from '../engine/compile/training-steps.ts';
import { workloads } from './engine-workloads.ts';

interface Timing {
  readonly clock: number;
  readonly processor: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** PyTorch in a process of its own, asked line by line. */
class Torch {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(python: string) {
    this.#process = spawn(python, [join(import.meta.dirname, 'torch_workloads.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#process.stdout === null) throw new Error('Python has no output.');
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async nextLine(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('Python has ended.');
    return answer.value;
  }

  async time(name: string, batch: number, threads: number): Promise<Timing> {
    this.#process.stdin?.write(`${[name, batch, threads, 1].join('\t')}\n`);
    const [clock = NaN, processor = NaN] = (await this.nextLine()).split(' ').map(Number);
    return { clock, processor };
  }

  close(): void {
    this.#process.stdin?.end();
  }
}

async function timed(action: () => Promise<unknown>): Promise<Timing> {
  const before = process.cpuUsage();
  const began = performance.now();
  await action();
  const clock = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { clock, processor: (user + system) / 1000 };
}

function runEagerly({ compute, shapes, inputs }: Step): Promise<void> {
  tf.tidy(() => {
    const tensors = inputs.map((input, index) => tf.tensor(input, [...(shapes[index] ?? [])]));
    for (const output of compute(...tensors)) output.dataSync();
  });
  return Promise.resolve();
}

const withWasm = process.argv.includes('--wasm');
const only = process.argv.find(argument => argument.startsWith('--only='))?.slice(7);
const python = process.env['ASSAY_PYTHON'];

await openEngine({ name: 'wasm' });
const runtime = await loadRuntime();
const torch = python === undefined ? undefined : new Torch(python);
console.log(runtime.version, torch === undefined ? '' : `· torch ${await torch.nextLine()}`);

const rows: Record<string, string | number>[] = [];
const ratios = new Map<number, number[]>();
for (const workload of workloads) {
  if (only !== undefined && workload.name !== only) continue;
  for (const batch of workload.batches) {
    const step = workload.step(batch);
    const specs = step.shapes.map(shape => ({ shape, type: 'float32' }) as const);
    const row: Record<string, string | number> = { workload: workload.name, batch };
    const show = (name: string, timings: readonly Timing[]): number => {
      const processor = median(timings.map(timing => timing.processor));
      const clock = median(timings.map(timing => timing.clock));
      row[name] = `${clock.toPrecision(3)} (${processor.toPrecision(3)})`;
      return clock;
    };
    for (const threads of [1, 2]) {
      const compiled = await compileFunction(runtime, step.compute, specs, { threads });
      const ours: Timing[] = [];
      const theirs: Timing[] = [];
      await compiled.run(step.inputs);
      const began = performance.now();
      while (ours.length < 5 || (ours.length < 25 && performance.now() - began < 2000)) {
        ours.push(await timed(() => compiled.run(step.inputs)));
        if (torch !== undefined) theirs.push(await torch.time(workload.name, batch, threads));
      }
      const own = show(`compiled, ${threads}`, ours);
      if (torch !== undefined) {
        const ratio = show(`torch, ${threads}`, theirs) / own;
        row[`ratio, ${threads}`] = ratio.toFixed(2);
        ratios.set(threads, [...(ratios.get(threads) ?? []), ratio]);
      }
      await compiled.release();
    }
    if (withWasm) {
      await runEagerly(step);
      const timings: Timing[] = [];
      for (let round = 0; round < 3; round++) timings.push(await timed(() => runEagerly(step)));
      show('our wasm, 1', timings);
    }
    rows.push(row);
  }
}
torch?.close();
console.log('ms on the clock (of the processor); ratio: torch / compiled, same threads');
console.table(rows);
for (const [threads, values] of ratios) {
  console.log(
    `${threads} thread(s): median ratio ${median(values).toFixed(2)}, least ${Math.min(...values).toFixed(2)}`,
  );
}
process.exit(0);
