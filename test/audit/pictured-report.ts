import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNpz } from '../../src/numpy/write-numpy.ts';
import { type AuditReport, reportFileName } from '../../src/report/audit-report.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { sampleReport } from '../webview/sample-report.ts';

/** Samples of the report. */
export const pictured = 12;
const shape = [4, 4, 3];
const size = 48;

/** Attack of the report. */
export const attack = 'carlini-wagner-l2-quick';

/**
 * A report of colour pictures with the arrays that an audit leaves beside it. Every value of sample i
 * is i / 20; the attack adds 0.3 to the first pixel, takes 0.15 from the second, and adds 0.3 to the
 * red of the third.
 */
export async function picturedReport(): Promise<{ path: string; report: AuditReport }> {
  const folder = join(await temporaryFolder(), 'digits');
  await mkdir(folder, { recursive: true });
  const path = join(folder, reportFileName);
  // Arrays need not be in the order of the report.
  const indices = Array.from({ length: pictured }, (_, i) => pictured - 1 - i);
  const clean = Float32Array.from(
    indices.flatMap(index => Array.from({ length: size }, () => index / 20)),
  );
  const attacked = clean.map((value, i) => value + (changes[i % size] ?? 0));
  const arrays = { clean: 'clean.npz', [attack]: `${attack}.npz` };
  for (const [name, values] of [
    [arrays.clean, clean],
    [`${attack}.npz`, attacked],
  ] as const) {
    await writeNpz(join(folder, name), {
      inputs: { values, shape: [pictured, ...shape] },
      indices: { values: Int32Array.from(indices), shape: [pictured] },
    });
  }
  const plain = sampleReport(pictured);
  const report = { ...plain, arrays, model: { ...plain.model, inputShape: shape } };
  await writeFile(path, JSON.stringify(report));
  return { path, report };
}

const changes = [0.3, 0.3, 0.3, -0.15, -0.15, -0.15, 0.3];
