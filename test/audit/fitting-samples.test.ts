import { expect, test } from 'vitest';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from './iris-workspace.ts';

async function audit(calibration: object): Promise<AuditReport> {
  const workspace = await IrisWorkspace.make();
  await workspace.configure({
    samples: 10,
    conditions: [],
    attacks: [{ attack: 'fgsm', norm: 'L2', epsilon: 0.5 }],
    uncertainty: { method: 'laplace', passes: 10, calibration },
  });
  const { report } = await workspace.audit({ engine: 'wasm' });
  return report;
}

function descriptionOf({ detection }: AuditReport): string {
  return detection?.posterior.applicable === true ? detection.posterior.description : 'none';
}

test('the audited data, named once more to be fitted on, give only samples that are not measured', async () => {
  const named = await audit({ data: { format: 'csv', file: 'test.csv', label: 'species' } });
  const left = await audit({});
  // 50 flowers: what is audited, as many for thresholds, and the rest to fit on.
  expect(named.detection?.splits).toMatchObject({ fit: 30, threshold: 10, test: 10 });
  expect(named.detection?.splits).toEqual(left.detection?.splits);
  // They are not the training set either, so nothing is scaled to their number.
  expect(descriptionOf(named)).toBe(descriptionOf(left));
  expect(named.detection?.rows).toEqual(left.detection?.rows);
});
