import { strict as assert } from 'node:assert';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { AssayApi } from '../../src/extension/assay-api.ts';
import type { AuditRun } from '../../src/extension/audit-runs.ts';
import { activateAssay, changeConfig, eventually, fileOf } from './example.ts';

describe('an audit that is interrupted', () => {
  const model = fileOf('models/digits-cnn-next/model.json');
  /** A few seconds' work, so that there is a middle to interrupt. */
  const someAttacks = [
    { attack: 'fgsm', epsilon: 0.1 },
    { attack: 'carlini-wagner', preset: 'quick' },
  ];
  let assay: AssayApi;

  before(async () => {
    assay = await activateAssay();
  });

  const startAudit = (): void =>
    void vscode.commands.executeCommand('assay.auditModel', model.toString());

  /** Resolves with the run when the clean samples are done and the attacks are still to come. */
  async function runAfterClean(): Promise<AuditRun> {
    return eventually('the end of the clean samples', async () => {
      const [run] = assay.runs();
      const report = await assay.report(model.fsPath);
      const clean = report?.conditions.find(({ kind }) => kind === 'clean');
      // The report of an earlier run is not 'running'.
      return report?.state === 'running' && clean?.state === 'finished' ? run : undefined;
    });
  }

  /** When each finished piece of work was written, by the name of its file. */
  async function finishedPieces(): Promise<Map<string, number>> {
    const folder = fileOf('.assay/pieces');
    const entries = await vscode.workspace.fs.readDirectory(folder);
    const names = entries.map(([name]) => name).filter(name => name.endsWith('.npz'));
    const times = names.map(async name => {
      const { mtime } = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, name));
      return [name, mtime] as const;
    });
    return new Map(await Promise.all(times));
  }

  it('ends within seconds when it is cancelled, and keeps what is finished', async () => {
    await changeConfig({ samples: 200, attacks: [{ attack: 'carlini-wagner' }] });
    startAudit();
    await runAfterClean();
    const start = performance.now();
    await vscode.commands.executeCommand('assay.cancelAudit', model.toString());
    await assay.whenIdle();
    const milliseconds = performance.now() - start;
    assert.ok(milliseconds < 3000, `it took ${milliseconds} ms`);
    const report = await assay.report(model.fsPath);
    assert.equal(report?.conditions.find(({ kind }) => kind === 'clean')?.state, 'finished');
    assert.ok(report.conditions.some(({ state }) => state !== 'finished'));
  });

  it('goes on after the worker was killed, and repeats nothing that was finished', async () => {
    // Another seed takes other samples, of which nothing is finished yet.
    await changeConfig({ samples: 40, seed: 1, attacks: someAttacks });
    startAudit();
    const run = await runAfterClean();
    const killed = assay.workerProcessId();
    assert.ok(killed !== undefined);
    process.kill(killed, 'SIGKILL');
    await assert.rejects(run.ending);
    const finishedBefore = await finishedPieces();
    assert.ok(finishedBefore.size > 0);

    startAudit();
    await eventually('the audit', () => assay.runs().length > 0);
    await assay.whenIdle();
    assert.notEqual(assay.workerProcessId(), killed);
    const report = await assay.report(model.fsPath);
    assert.equal(report?.state, 'complete');
    const finishedAfter = await finishedPieces();
    for (const [name, time] of finishedBefore) assert.equal(finishedAfter.get(name), time);
  });

  it('goes on by itself when native code crashes: the editor stays, and what was finished too', async () => {
    await changeConfig({ samples: 40, seed: 2, attacks: someAttacks });
    startAudit();
    const run = await runAfterClean();
    await eventually('the attack', () => run.progress.phase.startsWith('C&W'));
    const crashed = assay.workerProcessId();
    assert.ok(crashed !== undefined);
    const finishedBefore = await finishedPieces();
    // What the kernel sends to a process whose native code writes where it must not.
    process.kill(crashed, 'SIGSEGV');

    assert.equal((await run.ending).state, 'complete');
    assert.notEqual(assay.workerProcessId(), crashed);
    const report = await assay.report(model.fsPath);
    assert.equal(report?.state, 'complete');
    assert.equal(report.engine.name, 'native');
    assert.ok(report.conditions.every(({ state }) => state === 'finished'));
    const finishedAfter = await finishedPieces();
    for (const [name, time] of finishedBefore) assert.equal(finishedAfter.get(name), time);
    // This code runs in the extension host, which serves the editor as before.
    await vscode.commands.executeCommand('assay.openReport', model.toString());
    assert.ok(vscode.window.tabGroups.all.some(({ tabs }) => tabs.length > 0));
  });
});
