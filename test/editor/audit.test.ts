import { strict as assert } from 'node:assert';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { AssayApi } from '../../src/extension/assay-api.ts';
import { activateAssay, eventually, fileOf, lensTitles } from './example.ts';

describe('an audit in the editor', () => {
  const model = fileOf('models/digits-cnn/model.json');
  const weights = fileOf('models/digits-cnn/group1-shard1of1.bin');
  const script = fileOf('src/classify.ts');
  const config = fileOf('assay.config.json');
  let assay: AssayApi;

  before(async () => {
    assay = await activateAssay();
    await assay.whenServerReady();
  });

  /** Starts an audit as a lens does, without waiting for it. */
  const startAudit = (): void =>
    void vscode.commands.executeCommand('assay.auditModel', model.toString());

  it('is offered by the lenses while there is no report', async () => {
    for (const uri of [model, config, script]) {
      const titles = await lensTitles(uri);
      assert.ok(titles.length > 0, `${uri.path} has no lens`);
      assert.deepEqual(
        titles.filter(title => /\d%/.test(title)),
        [],
      );
    }
    assert.equal(await assay.report(model.fsPath), undefined);
  });

  it('fills the report, and shows it in a panel', async () => {
    startAudit();
    await eventually('the audit', () => assay.runs().length > 0);
    await assay.whenIdle();
    const report = await assay.report(model.fsPath);
    assert.equal(report?.state, 'complete');
    assert.deepEqual(
      report.conditions.map(({ state }) => state).filter(state => state !== 'finished'),
      [],
    );
    const clean = report.conditions.find(({ kind }) => kind === 'clean');
    assert.equal(clean?.accuracy?.total, 8);
    const labels = vscode.window.tabGroups.all.flatMap(({ tabs }) =>
      tabs.map(({ label }) => label),
    );
    assert.ok(
      labels.some(label => label.includes('digits-cnn')),
      labels.join(', '),
    );
  });

  for (const engine of ['wasm', 'native']) {
    it(`computes on ${engine} where the setting says so`, async () => {
      const settings = vscode.workspace.getConfiguration('assay', model);
      await settings.update('engine', engine, vscode.ConfigurationTarget.Workspace);
      try {
        await vscode.commands.executeCommand('assay.auditModel', model.toString());
        const report = await assay.report(model.fsPath);
        assert.equal(report?.state, 'complete');
        assert.equal(report.engine.name, engine);
        assert.deepEqual(report.engine.notes, []);
      } finally {
        await settings.update('engine', undefined, vscode.ConfigurationTarget.Workspace);
      }
    });
  }

  it('makes the lenses tell the accuracy, clean and under attack', async () => {
    for (const uri of [model, config, script]) {
      const titles = await eventually(`a lens of ${uri.path} with the result`, async () => {
        const all = await lensTitles(uri);
        return all.some(title => /clean \d+\.\d%/.test(title)) && all.join(' | ');
      });
      assert.match(titles, /FGSM/);
    }
  });

  it('is stale once a weight has changed, and says so', async () => {
    const bytes = await vscode.workspace.fs.readFile(weights);
    const changed = Uint8Array.from(bytes);
    changed[changed.length - 1] = ((changed.at(-1) ?? 0) + 1) % 128;
    await vscode.workspace.fs.writeFile(weights, changed);
    await eventually('a lens that calls the report stale', async () =>
      (await lensTitles(model)).some(title => /stale|changed/i.test(title)),
    );
    await vscode.workspace.fs.writeFile(weights, bytes);
    await eventually('a lens that takes it back', async () =>
      (await lensTitles(model)).every(title => !/stale|changed/i.test(title)),
    );
  });
});
