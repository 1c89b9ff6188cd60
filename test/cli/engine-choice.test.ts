import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { runCli } from './run-cli.ts';

const bundles = resolve(import.meta.dirname, '../../dist');

/** An installation far from any node_modules, as npm leaves one where a package did not install. */
let installation: string;

beforeAll(async () => {
  installation = await mkdtemp(join(tmpdir(), 'assay-without-native-'));
  for (const file of await readdir(bundles)) {
    if (/\.(cjs|wasm)$/.test(file)) await cp(join(bundles, file), join(installation, file));
  }
});
afterAll(() => rm(installation, { recursive: true }));

async function audit(engine: string, cli?: string) {
  const { folder } = await IrisWorkspace.make();
  return await runCli(folder, ['audit', '--json', '--engine', engine], undefined, cli);
}

function engineOf(output: string): AuditReport['engine'] {
  return (JSON.parse(output) as AuditReport).engine;
}

describe('the engine that --engine names', () => {
  test.each(['native', 'wasm'])('%s is the one of the report', async name => {
    const { output } = await audit(name);
    expect(engineOf(output)).toMatchObject({ name, notes: [] });
  });

  test('auto is native where that is installed', async () => {
    const { output } = await audit('auto');
    expect(engineOf(output)).toMatchObject({ name: 'native', notes: [] });
  });

  test('nonsense is refused with the names that there are', async () => {
    const { exitCode, problems } = await audit('abacus');
    expect(exitCode).toBe(2);
    expect(problems).toMatch(/auto.*native.*wasm.*tensorflow.*cpu/);
  });
});

describe('without onnxruntime-node', () => {
  test('auto audits on wasm, and the report says why', async () => {
    const { exitCode, output } = await audit('auto', join(installation, 'cli.cjs'));
    expect(exitCode).toBe(0);
    expect(engineOf(output)).toMatchObject({
      name: 'wasm',
      notes: ['The native engine is not used. The package onnxruntime-node is not installed.'],
    });
  });

  test('native fails, and says what to do', async () => {
    const { exitCode, problems } = await audit('native', join(installation, 'cli.cjs'));
    expect(exitCode).toBe(2);
    expect(problems).toContain('The package onnxruntime-node is not installed.');
    expect(problems).toContain('npm install onnxruntime-node');
    expect(problems).toContain('or choose the engine `wasm`');
  });
});
