import { join, resolve } from 'node:path';
import { pieceSamples } from '../../src/audit/piece.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import { auditWorkloads } from './audit-workloads.ts';

/** What one process measured of one workload. */
export interface AuditTiming {
  readonly seconds: number;
  readonly processorSeconds: number;
  /** Largest resident memory of the process, all threads together. */
  readonly peakMegabytes: number;
}

/**
 * A process of its own for one workload, so that its peak of memory is its own:
 * `audit-process.ts <name of the workload> <threads>`. Prints an {@link AuditTiming} as JSON.
 */
const [, , name, threadCount = '1'] = process.argv;
const workload = auditWorkloads.find(candidate => candidate.name === name);
if (workload === undefined) throw new RangeError(`There is no workload ${name ?? ''}.`);
const { samples, step } = workload;
const threads = Number(threadCount);

const folder = resolve(import.meta.dirname, '../../examples/digits');
const config = await readConfig(join(folder, 'assay.config.json'));
const executor = await openThreads(
  {
    folder,
    modelPath: join(folder, 'models/digits-cnn/model.json'),
    input: config.config.input,
    data: config.data,
    uncertainty: config.uncertainty,
    outside: [],
    selection: { count: 1000, selection: 'first' },
    engine: 'wasm',
    seed: 0,
  },
  threads,
);

const runAll = async (count: number): Promise<void> => {
  const pieces = Array.from({ length: Math.ceil(count / pieceSamples) }, (_, piece) =>
    Array.from(
      { length: Math.min(pieceSamples, count - piece * pieceSamples) },
      (_, i) => piece * pieceSamples + i,
    ),
  );
  await Promise.all(pieces.map(indices => executor.run({ step, indices, inputs: undefined })));
};

// Each thread opens the model and prepares its functions before the clock starts.
await Promise.all(
  Array.from({ length: threads }, (_, i) =>
    executor.run({ step: { kind: 'predict' }, indices: [i], inputs: undefined }),
  ),
);
const began = performance.now();
const before = process.cpuUsage();
await runAll(samples);
const { user, system } = process.cpuUsage(before);
const timing: AuditTiming = {
  seconds: (performance.now() - began) / 1000,
  processorSeconds: (user + system) / 1e6,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
await executor.dispose();
process.stdout.write(`${JSON.stringify(timing)}\n`);
