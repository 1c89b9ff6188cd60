/**
 * `npm run bench:engine [-- --only NAME --patience MILLISECONDS --no-memory]`: the compiled engine
 * beside PyTorch, tfjs-node, our wasm and stock wasm, all in one run, taking turns. `ASSAY_PYTHON`
 * names a Python with torch (`pip install torch`); tfjs-node is there once `npm run test:tensorflow`
 * has built it. What is missing is left out. Times are medians in milliseconds; on a busy machine
 * those of the processor are the better measure.
 *
 * A call is timed once memory is there: every engine has made three calls before, in a process of its
 * own that keeps what it has freed. Fresh memory may cost more than the work: on a virtual machine
 * whose host takes back what is free, 100 images of 96×96 went from 0.3 to 2 seconds. An attack makes
 * thousands of calls one after the other, so in each of its turns an engine makes one call before the
 * one that is timed: what the others have pushed out of the caches is back.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine } from '../../src/engine/open-engine.ts';
import { inputGradient, gradientInputs, leNet } from '../engine/compile/networks.ts';
import { collectGarbage } from '../host/collect-garbage.ts';
import { exists } from '../host/exists.ts';
import { tensorflowFolder } from '../tensorflow/build.ts';
import { compiled, type Contestant, eager, torch } from './contestants.ts';
import { workloads } from './engine-workloads.ts';
import { median, type Timing } from './timing.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    // For one engine in one row, but for its first calls.
    patience: { type: 'string', default: '600' },
    memory: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

/** Time after which an engine gets no further round in a row, in milliseconds. */
const patience = Number(flags.patience);
const leastRounds = 3;
const mostRounds = 25;

/** Calls before the first that is timed: the first compiles, the second may still ask for memory. */
const warmingCalls = 3;

async function openContestants(): Promise<Contestant[]> {
  const ours = await compiled();
  const python = process.env['ASSAY_PYTHON'];
  const reference = python === undefined ? undefined : await torch(python);
  const hasTensorflow = await exists(join(tensorflowFolder, 'node_modules/@tensorflow/tfjs-node'));
  console.log(ours.version, reference === undefined ? '' : `· torch ${reference.version}`);
  return [
    ...ours.contestants,
    ...(reference?.contestants ?? []),
    ...(hasTensorflow
      ? [
          await eager('tensorflow', { folder: tensorflowFolder, threads: 1 }),
          await eager('tensorflow', { folder: tensorflowFolder, threads: 2 }),
        ]
      : []),
    await eager('wasm'),
    await eager('stock'),
  ];
}

type Row = ReadonlyMap<string, Timing>;

/** Times one workload on all engines, in turns. */
async function timeRow(
  contestants: readonly Contestant[],
  workload: (typeof workloads)[number],
  batch: number,
): Promise<Row> {
  const timings = new Map<Contestant, Timing[]>();
  const spent = new Map<Contestant, number>();
  for (const contestant of contestants) {
    const first = await contestant.time(workload, batch);
    if (first === undefined) continue;
    for (let call = 1; call < warmingCalls; call++) await contestant.time(workload, batch);
    timings.set(contestant, []);
    spent.set(contestant, 0);
  }
  for (let round = 0; round < mostRounds; round++) {
    for (const [contestant, known] of timings) {
      const soFar = spent.get(contestant) ?? 0;
      if (soFar > patience && known.length >= leastRounds) continue;
      await contestant.time(workload, batch);
      const timing = await contestant.time(workload, batch);
      if (timing === undefined) continue;
      known.push(timing);
      spent.set(contestant, soFar + timing.clock);
    }
  }
  return new Map(
    [...timings].map(([{ name }, known]) => [
      name,
      {
        clock: median(known.map(({ clock }) => clock)),
        processor: median(known.map(({ processor }) => processor)),
      },
    ]),
  );
}

/** Pairs whose ratio is of interest: how much longer the second takes than the first. */
const comparisons = [
  ['compiled, 1', 'torch, 1'],
  ['compiled, 2', 'torch, 2'],
  ['compiled, 1', 'tfjs-node, 1'],
  ['compiled, 1', 'our wasm, 1'],
  ['our wasm, 1', 'stock wasm, 1'],
] as const;

function showRatios(rows: readonly Row[]): void {
  for (const [ours, theirs] of comparisons) {
    const ratios = (measure: keyof Timing): number[] =>
      rows.flatMap(row => {
        const [own, other] = [row.get(ours), row.get(theirs)];
        return own === undefined || other === undefined ? [] : [other[measure] / own[measure]];
      });
    const [clock, processor] = [ratios('clock'), ratios('processor')];
    if (clock.length === 0) continue;
    const words = (values: readonly number[]): string =>
      `median ${median(values).toFixed(2)}, least ${Math.min(...values).toFixed(2)}`;
    console.log(
      `${theirs} / ${ours}, ${clock.length} rows: clock ${words(clock)}; processor ${words(processor)}`,
    );
  }
}

/**
 * Runs an input gradient tens of thousands of times; memory must not grow with it. The first
 * thousands of calls fill the caches of the compilers, so they do not count.
 */
async function memoryOf(name: 'native' | 'wasm'): Promise<Record<string, string>> {
  const engine = await openEngine({ name });
  const fn = engine.prepare(inputGradient(leNet));
  const inputs = gradientInputs(leNet, 1);
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const row: Record<string, string> = { engine: name };
  let done = 0;
  for (const steps of [4000, 14_000, 24_000]) {
    for (; done < steps; done++) await fn.run(1, inputs);
    collectGarbage();
    const { rss, heapUsed, external } = process.memoryUsage();
    row[`after ${steps}`] = `${mebibytes(rss)} (${mebibytes(heapUsed + external)})`;
  }
  return row;
}

const began = performance.now();
await openEngine({ name: 'wasm' });
const contestants = await openContestants();
const rows: Row[] = [];
const gradientRows: Row[] = [];
const table: Record<string, string | number>[] = [];
for (const workload of workloads) {
  if (flags.only !== undefined && workload.name !== flags.only) continue;
  for (const batch of workload.batches) {
    const row = await timeRow(contestants, workload, batch);
    rows.push(row);
    if (workload.isGradient) gradientRows.push(row);
    const cells = contestants.map(({ name }) => {
      const timing = row.get(name);
      if (timing === undefined) return [name, 'cannot'] as const;
      return [name, `${timing.clock.toPrecision(3)} (${timing.processor.toPrecision(3)})`] as const;
    });
    table.push({ workload: workload.name, batch, ...Object.fromEntries(cells) });
    console.log(JSON.stringify(table.at(-1)));
  }
}
console.log('ms on the clock (of the processor), by engine and threads');
console.table(table);
showRatios(rows);
console.log('of them gradients:');
showRatios(gradientRows);
if (flags.memory) {
  console.log('MiB resident (of them held by JavaScript and its arrays), by number of steps');
  console.table([await memoryOf('wasm'), await memoryOf('native')]);
}
console.log(`${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
process.exit(0);
