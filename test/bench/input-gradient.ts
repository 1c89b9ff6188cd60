import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { ThreadPool } from '../../src/engine/thread-pool.ts';
import { benchmarkImages, imageSize } from './convolutional-network.ts';
import type { StockQuestion } from './stock-process.ts';

/** How long one input gradient takes, and how that compares with TensorFlow.js as it comes. */
export interface InputGradientTiming {
  readonly name: string;
  /** Time on the clock, median over the rounds. */
  readonly milliseconds: number;
  /** Time on all cores together, median over the rounds: on a busy machine the better measure. */
  readonly processorMilliseconds: number;
  /** Median over the rounds of stock time / own time, both of the same round. */
  readonly speedup: number;
  /** Largest difference from the stock gradient, as a fraction of its largest value. */
  readonly relativeDifference: number;
}

export interface InputGradientOptions {
  /** Images in one batch. 100 when it is left out. */
  readonly batch?: number;
  /** How often each contestant runs, one after the other; 5 when it is left out. */
  readonly rounds?: number;
}

interface Contestant {
  readonly name: string;
  run(images: Float32Array<ArrayBuffer>): Promise<Float32Array>;
  /** Processor time of its process until now. */
  processorMilliseconds(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Input gradient of a convolutional network on MNIST-sized images: TensorFlow.js's wasm backend as it
 * comes, and our wasm engine in one thread and in two. They take turns, so that a busy machine slows
 * down all of them alike: the ratios mean something where the times do not.
 */
export async function measureInputGradient({
  batch = 100,
  rounds = 5,
}: InputGradientOptions = {}): Promise<InputGradientTiming[]> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-bench-'));
  const images = benchmarkImages(batch);
  const contestants: Contestant[] = [];
  try {
    const modules = await bundle(folder);
    contestants.push(
      stockContestant(modules.stock),
      engineContestant(modules.engine, 1),
      engineContestant(modules.engine, 2),
    );
    // The first run of each includes starting and compiling; it also yields what they computed.
    const gradients: Float32Array[] = [];
    for (const contestant of contestants) gradients.push(await contestant.run(images));

    const times = contestants.map((): number[] => []);
    const processorTimes = contestants.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, contestant] of contestants.entries()) {
        const processorBegan = await contestant.processorMilliseconds();
        const began = performance.now();
        await contestant.run(images);
        times[index]?.push(performance.now() - began);
        processorTimes[index]?.push((await contestant.processorMilliseconds()) - processorBegan);
      }
    }

    const [stockTimes = []] = times;
    const [stockGradient = new Float32Array(0)] = gradients;
    return contestants.map(({ name }, index) => {
      const own = times[index] as number[];
      return {
        name,
        milliseconds: median(own),
        processorMilliseconds: median(processorTimes[index] as number[]),
        speedup: median(own.map((time, round) => (stockTimes[round] as number) / time)),
        relativeDifference: relativeDifference(gradients[index] as Float32Array, stockGradient),
      };
    });
  } finally {
    for (const contestant of contestants) await contestant.close();
    await rm(folder, { recursive: true });
  }
}

async function bundle(folder: string): Promise<{ stock: string; engine: string }> {
  const common = { bundle: true, platform: 'node', format: 'cjs' } as const;
  const stock = join(folder, 'stock-process.cjs');
  const engine = join(folder, 'engine-thread.cjs');
  await build({
    ...common,
    entryPoints: [join(import.meta.dirname, 'stock-process.ts')],
    mainFields: ['module', 'main'],
    outfile: stock,
  });
  await build({
    ...common,
    entryPoints: [join(import.meta.dirname, 'engine-thread.ts')],
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node'],
    define: { 'import.meta.dirname': '__dirname' },
    outfile: engine,
  });
  const root = resolve(import.meta.dirname, '../..');
  const binaries = join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  for (const variant of ['', '-simd', '-threaded-simd']) {
    const file = `tfjs-backend-wasm${variant}.wasm`;
    await cp(join(binaries, file), join(folder, file));
  }
  return { stock, engine };
}

function stockContestant(module: string): Contestant {
  const child: ChildProcess = fork(module, { serialization: 'advanced' });
  const ask = async (question: StockQuestion): Promise<unknown> => {
    const answer = once(child, 'message');
    const stop = new AbortController();
    const death = once(child, 'exit', { signal: stop.signal }).then(() => {
      throw new Error('The process of the stock backend ended.');
    });
    child.send(question);
    try {
      const [value] = (await Promise.race([answer, death])) as [unknown];
      return value;
    } finally {
      death.catch(() => undefined);
      stop.abort();
    }
  };
  return {
    name: 'TensorFlow.js wasm as it comes',
    run: async images => (await ask({ images })) as Float32Array,
    processorMilliseconds: async () => (await ask({})) as number,
    close() {
      child.kill();
      return Promise.resolve();
    },
  };
}

function engineContestant(module: string, threads: number): Contestant {
  const pool = new ThreadPool<Float32Array, Float32Array>({ module, size: threads });
  return {
    name: `Assay wasm, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    async run(images) {
      const count = images.length / imageSize;
      const share = Math.ceil(count / threads);
      const parts = Array.from({ length: threads }, (_, thread) =>
        images.slice(thread * share * imageSize, (thread + 1) * share * imageSize),
      );
      const gradients = await Promise.all(parts.map(part => pool.run(part)));
      const whole = new Float32Array(images.length);
      gradients.forEach((gradient, thread) => whole.set(gradient, thread * share * imageSize));
      return whole;
    },
    processorMilliseconds() {
      const { user, system } = process.cpuUsage();
      return Promise.resolve((user + system) / 1000);
    },
    close: () => pool.close(),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? NaN;
  return (low + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const difference = expected.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - (actual[i] as number))),
    0,
  );
  return difference / scale;
}

if (process.argv[1] === import.meta.filename) {
  console.table(await measureInputGradient());
}
