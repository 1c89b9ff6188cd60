import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toolVersion } from '../../src/audit/tool-version.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { runCli } from './run-cli.ts';

/** The engine that computes the same to the last bit everywhere, so that output can be compared. */
const exact = ['--engine', 'wasm', '--threads', '2'];

/** Replaces what differs from run to run. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+(\.\d)? s\b|\d+ min \d+ s/g, '<time>').replaceAll(/ +$/gm, '');
}

describe('assay audit', () => {
  test('prints the table and exits with 0 when every requirement is met', async () => {
    const { folder } = await IrisWorkspace.make();
    const { exitCode, output } = await runCli(folder, ['audit', ...exact]);
    expect(exitCode).toBe(0);
    await expect(withoutTimes(output)).toMatchFileSnapshot('golden/audit.txt');
  });

  test('prints the report as JSON, and nothing else, with --json', async () => {
    const { folder } = await IrisWorkspace.make();
    const { exitCode, output } = await runCli(folder, ['audit', '--json', ...exact]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(output) as AuditReport;
    expect(report).toMatchObject({ version: 1, state: 'complete', tool: { version: toolVersion } });
    expect(report.engine).toMatchObject({ name: 'wasm', threads: 2 });
    const onDisk = await readFile(
      join(folder, '.assay/reports/models__iris-mlp/report.json'),
      'utf8',
    );
    expect((JSON.parse(onDisk) as AuditReport).samples).toEqual(report.samples);
  });

  test('prints how well model and posterior are calibrated with --details', async () => {
    const { folder } = await IrisWorkspace.make();
    const { output } = await runCli(folder, ['audit', '--details', ...exact]);
    expect(output).toMatch(/calibration on clean samples +samples +ECE +MCE +NLL +Brier/);
    expect(output).toMatch(/^As saved +25( +0\.\d+){4}$/m);
    expect(output).toMatch(/^Mean of 100 passes of mc-dropout +25( +0\.\d+){4}$/m);
    // Its separate clean set is answered without an error.
    expect(output).toContain('No temperature is best');
  });

  test('exits with 1 when a requirement is missed', async () => {
    const { folder } = await IrisWorkspace.make();
    const path = join(folder, 'assay.config.json');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace(
        '"requirements": [',
        '"requirements": [{ "check": "robust-accuracy", "minimum": 0.9 },',
      ),
    );
    const { exitCode, output } = await runCli(folder, ['audit', ...exact]);
    expect(exitCode).toBe(1);
    expect(output).toContain(
      '✗ Accuracy under the worst attack for each sample: 0.0% is below the required 90.0%.',
    );
  });

  test('--quiet prints nothing, overrides are recorded', async () => {
    const { folder } = await IrisWorkspace.make();
    const args = [
      'audit',
      'models/iris-mlp/model.json',
      '--quiet',
      '--samples',
      '10',
      '--seed',
      '3',
    ];
    const { exitCode, output, problems } = await runCli(folder, [...args, ...exact]);
    expect([exitCode, output, problems]).toEqual([0, '', '']);
    const report = JSON.parse(
      await readFile(join(folder, '.assay/reports/models__iris-mlp/report.json'), 'utf8'),
    ) as AuditReport;
    expect(report).toMatchObject({ seed: 3, data: { samples: 10, baselineSamples: 10 } });
  });

  test('Ctrl+C stops it; the same command goes on', async () => {
    const { folder } = await IrisWorkspace.make();
    const slow = ['audit', '--engine', 'cpu', '--threads', '1'];
    const first = await runCli(folder, slow, (text, interrupt) => {
      if (text.includes('C&W')) interrupt();
    });
    expect(first.exitCode).toBe(2);
    expect(first.output).toContain('cancelled');
    const second = await runCli(folder, slow);
    expect(second.exitCode).toBe(0);
    expect(second.problems).not.toContain('FGSM');
  });

  test.each([
    [['audit', '--samples', '0'], /--samples.*whole number of at least 1/],
    [['audit', '--preset', 'fast'], /Allowed choices are quick, standard, full/],
    [['audti'], /unknown command 'audti'.*Did you mean audit/s],
  ])('wrong usage exits with 2: %s', async (args, message) => {
    const { folder } = await IrisWorkspace.make();
    const { exitCode, problems, output } = await runCli(folder, args);
    expect([exitCode, output]).toEqual([2, '']);
    expect(problems).toMatch(message);
  });
});

describe('what is wrong is said in one sentence, with place and remedy, never a stack trace', () => {
  async function problemsAfter(change: (folder: string) => Promise<void>): Promise<string> {
    const { folder } = await IrisWorkspace.make();
    await change(folder);
    const { exitCode, problems } = await runCli(folder, ['audit', ...exact]);
    expect(exitCode).toBe(2);
    expect(problems).not.toMatch(/\n\s+at /);
    return problems.split(folder).join('');
  }

  test('no configuration', async () => {
    const problems = await problemsAfter(folder => rm(join(folder, 'assay.config.json')));
    expect(problems).toContain(
      'There is no assay.config.json here or above. Write one with "assay init',
    );
  });

  test('a mistyped field', async () => {
    const problems = await problemsAfter(async folder => {
      const path = join(folder, 'assay.config.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"attacks"', '"atacks"'));
    });
    expect(problems).toMatch(
      /assay\.config\.json:\d+:3, atacks: Unknown field "atacks"\. Did you mean "attacks"\?/,
    );
  });

  test('a truncated weight file', async () => {
    const problems = await problemsAfter(folder =>
      writeFile(join(folder, 'models/iris-mlp/group1-shard1of1.bin'), 'abc'),
    );
    expect(problems).toMatch(/group1-shard1of1\.bin.*3 bytes/);
  });

  test('a row of the data that is no number', async () => {
    const problems = await problemsAfter(folder =>
      appendFile(join(folder, 'test.csv'), 'a,b,c,d,setosa\n'),
    );
    expect(problems).toMatch(/test\.csv/);
    expect(problems).toMatch(/"?a"?/);
  });

  test('a label that the model does not have', async () => {
    const problems = await problemsAfter(folder =>
      appendFile(join(folder, 'test.csv'), '5,3,4,1,daisy\n'),
    );
    expect(problems).toContain('daisy');
  });
});

test('assay init drafts a configuration that can be audited', async () => {
  const { folder } = await IrisWorkspace.make();
  const path = join(folder, 'assay.config.json');
  await rm(path);
  const { exitCode, output } = await runCli(folder, ['init', 'models/iris-mlp/model.json']);
  expect(exitCode).toBe(0);
  expect(output).toContain('assay.config.json written');
  const draft = await readFile(path, 'utf8');
  expect(draft).toContain('"models/iris-mlp/model.json"');
  expect(draft).toContain('"format": "csv"');
  expect(draft).toContain('"file": "test.csv"');
  const again = await runCli(folder, ['init', 'models/iris-mlp/model.json']);
  expect(again.exitCode).toBe(2);
  expect(again.problems).toContain('There is a configuration already.');
});

test('help and version', async () => {
  const { folder } = await IrisWorkspace.make();
  const help = await runCli(folder, ['audit', '--help']);
  expect(help.exitCode).toBe(0);
  await expect(help.output).toMatchFileSnapshot('golden/help.txt');
  expect((await runCli(folder, ['--version'])).output).toBe(`${toolVersion}\n`);
});
