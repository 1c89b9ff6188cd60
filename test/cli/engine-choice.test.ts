import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { runCli } from './run-cli.ts';

const bundles = resolve(import.meta.dirname, '../../dist');

const packages = resolve(import.meta.dirname, '../../node_modules');
const libraries = `onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;

/** An installation far from any node_modules, as npm leaves one where a package did not install. */
let installation: string;

async function install(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-installation-'));
  for (const file of await readdir(bundles)) {
    if (/\.(cjs|wasm)$/.test(file)) await cp(join(bundles, file), join(folder, file));
  }
  return folder;
}

beforeAll(async () => {
  installation = await install();
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

describe.each([
  {
    name: 'whose code is damaged',
    damage: (folder: string) =>
      writeFile(join(folder, libraries, 'onnxruntime_binding.node'), 'not code at all'),
  },
  {
    name: 'without the library that its code needs',
    damage: async (folder: string) => {
      for (const file of await readdir(join(folder, libraries))) {
        if (!file.endsWith('.node')) await rm(join(folder, libraries, file));
      }
    },
  },
])('with an onnxruntime-node $name', ({ damage }) => {
  let broken: string;

  beforeAll(async () => {
    broken = await install();
    for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
      await cp(join(packages, name), join(broken, 'node_modules', name), { recursive: true });
    }
    await damage(join(broken, 'node_modules'));
  });
  afterAll(() => rm(broken, { recursive: true }));

  test('auto audits on wasm, and the report says why, without paths of this machine', async () => {
    const { exitCode, output } = await audit('auto', join(broken, 'cli.cjs'));
    expect(exitCode).toBe(0);
    const { name, notes } = engineOf(output);
    expect(name).toBe('wasm');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /^The native engine is not used\. ONNX Runtime does not load \(.+\)\.$/,
    );
    expect(notes[0]).not.toContain(broken);
  });

  test('native fails, and says what to do', async () => {
    const { exitCode, problems } = await audit('native', join(broken, 'cli.cjs'));
    expect(exitCode).toBe(2);
    expect(problems).toContain('ONNX Runtime does not load (');
    expect(problems).toContain('Choose the engine `wasm`, which needs no native library.');
  });
});
