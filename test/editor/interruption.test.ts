import { strict as assert } from 'node:assert';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { type AssayApi } from '../../src/extension/assay-api.ts';
import { type Condition } from '../../src/report/audit-report.ts';
import { activateAssay, changeConfig, eventually, fileOf } from './example.ts';

describe('an audit that is interrupted', () => {
  const model = fileOf('models/digits-cnn-next/model.json');
  let assay: AssayApi;

  before(async () => {
    assay = await activateAssay();
  });

  const startAudit = (): void =>
    void vscode.commands.executeCommand('assay.auditModel', model.toString());

  /** The clean condition, once it is finished and the attacks are at work. */
  async function cleanWhileAttacking(): Promise<Condition> {
    return eventually('the first attack', async () => {
      const conditions = (await assay.report(model.fsPath))?.conditions ?? [];
      const isAttacking = conditions.some(
        ({ kind, state }) => kind === 'attack' && state === 'running',
      );
      const clean = conditions.find(({ kind }) => kind === 'clean');
      return isAttacking && clean?.state === 'finished' ? clean : undefined;
    });
  }

  it('ends within seconds when it is cancelled, and keeps what is finished', async () => {
    await changeConfig({ samples: 400 });
    startAudit();
    await cleanWhileAttacking();
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
    await changeConfig({ samples: 8 });
    startAudit();
    const [run] = await eventually('the audit', () => assay.runs().length > 0 && assay.runs());
    assert.ok(run);
    const cleanBefore = await cleanWhileAttacking();
    const killed = assay.workerProcessId();
    assert.ok(killed !== undefined);
    process.kill(killed, 'SIGKILL');
    await assert.rejects(run.ending);

    startAudit();
    await eventually('the audit', () => assay.runs().length > 0);
    await assay.whenIdle();
    assert.notEqual(assay.workerProcessId(), killed);
    const report = await assay.report(model.fsPath);
    assert.equal(report?.state, 'complete');
    const cleanAfter = report.conditions.find(({ kind }) => kind === 'clean');
    assert.equal(cleanAfter?.seconds, cleanBefore.seconds);
  });
});
