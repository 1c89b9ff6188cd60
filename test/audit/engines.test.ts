import { describe, expect, test } from 'vitest';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from './iris-workspace.ts';

/** What an audit decided about each sample under each condition. */
function decisions({ samples }: AuditReport): unknown[] {
  return samples.map(({ index, conditions }) => [
    index,
    Object.entries(conditions).map(([id, { prediction, outcome }]) => [id, outcome ?? prediction]),
  ]);
}

describe('an audit on the native engine', () => {
  test('is what `auto` takes, and decides as wasm does', async () => {
    const workspace = await IrisWorkspace.make();
    const { report: native } = await workspace.audit({ engine: 'auto' });
    const { report: wasm } = await workspace.audit({ engine: 'wasm' });
    expect(native.engine).toMatchObject({ name: 'native', notes: [] });
    expect(native.engine.version).toMatch(/^onnxruntime-node \d/);
    expect(wasm.engine).toMatchObject({ name: 'wasm', notes: [] });
    expect(native.gradientCheck?.verdict).toBe('agrees');
    expect(decisions(native)).toEqual(decisions(wasm));
  });
});
