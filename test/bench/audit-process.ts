import { auditWorkloads } from './audit-workloads.ts';
import { openExampleThreads, runPieces } from './example-threads.ts';

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

const executor = await openExampleThreads('wasm', threads);

// Each thread opens the model and prepares its functions before the clock starts.
await Promise.all(
  Array.from({ length: threads }, (_, i) =>
    executor.run({ step: { kind: 'predict' }, indices: [i], inputs: undefined }),
  ),
);
const began = performance.now();
const before = process.cpuUsage();
await runPieces(executor, step, samples);
const { user, system } = process.cpuUsage(before);
const timing: AuditTiming = {
  seconds: (performance.now() - began) / 1000,
  processorSeconds: (user + system) / 1e6,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
await executor.dispose();
process.stdout.write(`${JSON.stringify(timing)}\n`);
