import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AuditTiming } from './audit-process.ts';
import { auditWorkloads } from './audit-workloads.ts';
import { measureInputGradient } from './input-gradient.ts';
import { measureManifold, printManifold } from './manifold.ts';
import { measureMobileNet, printMobileNet } from './mobilenet.ts';
import { measureUncertainty, printUncertainty } from './uncertainty.ts';

/**
 * `npm run bench`: how long the things take that users wait for, and how much memory. All in one run,
 * one after the other; ratios hold where times depend on the machine.
 */
async function timeWorkload(name: string, threads: number): Promise<AuditTiming> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'audit-process.ts'), name, String(threads)],
    { maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout) as AuditTiming;
}

console.log('Input gradient of a convolutional model, batch 100');
const gradients = await measureInputGradient();
console.table(
  gradients.map(({ name, milliseconds, processorMilliseconds, speedup }) => ({
    engine: name,
    'ms on the clock': milliseconds.toFixed(0),
    'ms of processor': processorMilliseconds.toFixed(0),
    'times stock': speedup.toFixed(2),
  })),
);

console.log('\nAudits of examples/digits, model digits-cnn');
const rows = [];
for (const { name, samples } of auditWorkloads) {
  const one = await timeWorkload(name, 1);
  const two = await timeWorkload(name, 2);
  rows.push({
    work: name,
    digits: samples,
    's, 1 thread': one.seconds.toFixed(2),
    's, 2 threads': two.seconds.toFixed(2),
    'digits/s, 2 threads': (samples / two.seconds).toFixed(0),
    '2 threads : 1': (one.seconds / two.seconds).toFixed(2),
    'peak MB, 1 thread': one.peakMegabytes.toFixed(0),
    'peak MB, 2 threads': two.peakMegabytes.toFixed(0),
  });
}
console.table(rows);

console.log('\nAttacks on a MobileNet');
printMobileNet(await measureMobileNet());

console.log('\nUncertainty');
printUncertainty(await measureUncertainty());

console.log('\nManifold of digits');
printManifold(await measureManifold());
