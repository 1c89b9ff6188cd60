import { strict as assert } from 'node:assert';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { AssayApi } from '../../src/extension/assay-api.ts';
import type { GuardSettings } from '../../src/guard/guard-module.ts';
import type { ManifoldTrainingState } from '../../src/protocol/panel-protocol.ts';
import { activateAssay, changeConfig, eventually, fileOf } from './example.ts';

describe('the training of a manifold', () => {
  const model = fileOf('models/digits-cnn/model.json');
  const config = fileOf('assay.config.json').fsPath;
  let assay: AssayApi;

  before(async () => {
    assay = await activateAssay();
    await changeConfig({
      samples: 8,
      seed: 0,
      attacks: [{ attack: 'fgsm', epsilon: 0.2 }],
      manifold: {
        data: {
          format: 'idx',
          inputs: 'data/t10k-images-idx3-ubyte',
          labels: 'data/t10k-labels-idx1-ubyte',
        },
        latentSize: 8,
        width: 0.25,
        steps: 300,
      },
    });
  });

  const train = (): Thenable<unknown> =>
    vscode.commands.executeCommand('assay.trainManifold', model);

  async function trainingThat(
    what: string,
    isSo: (training: ManifoldTrainingState) => boolean,
  ): Promise<ManifoldTrainingState> {
    return await eventually(what, () => {
      const training = assay.training(config);
      return training !== undefined && isSo(training) ? training : undefined;
    });
  }

  it('goes on where it was when its process is killed', async () => {
    void train();
    await trainingThat('the first evaluation', ({ history }) => history.length > 0);
    const killed = assay.trainingProcessId(config);
    assert.ok(killed !== undefined);
    process.kill(killed, 'SIGKILL');
    const { problem, history } = await trainingThat('the end', ({ state }) => state === 'failed');
    assert.match(problem ?? '', /was killed/);

    const trained = train();
    const resumed = await trainingThat('the next step', ({ state, step }) =>
      state === 'running' ? step > 0 : false,
    );
    const last = history.at(-1)?.step ?? 0;
    assert.ok(last >= 100 && resumed.step >= last, `from ${last}, at step ${resumed.step}`);
    assert.notEqual(assay.trainingProcessId(config), killed);
    await trained;
    const ended = assay.training(config);
    assert.equal(ended?.state, 'trained');
    assert.deepEqual(
      ended.history.map(({ step }) => step),
      [100, 200, 300],
    );
    assert.ok((ended.picture?.length ?? 0) > 1000);
    assert.equal(assay.trainingProcessId(config), undefined);
  });

  it('lets the next audit search natural adversaries, and keep pictures of the manifold', async () => {
    await vscode.commands.executeCommand('assay.auditModel', model);
    const report = await assay.report(model.fsPath);
    assert.equal(report?.state, 'complete');
    const { manifold } = report;
    assert.ok(manifold?.trained === true);
    assert.equal(manifold.key, assay.training(config)?.key);
    const natural = report.conditions.find(({ kind }) => kind === 'natural');
    assert.equal(natural?.state, 'finished');
    assert.ok((manifold.pictures?.ways.length ?? 0) > 0);
    const names = await vscode.workspace.fs.readDirectory(
      fileOf('.assay/reports/models__digits-cnn'),
    );
    assert.ok(names.some(([name]) => name === manifold.pictures?.file));
  });

  it('is what a guard is exported of, into a folder that the command is given', async () => {
    const folder = fileOf('guard');
    await vscode.commands.executeCommand('assay.exportGuard', model, folder);
    const entries = await vscode.workspace.fs.readDirectory(folder);
    assert.deepEqual(entries.map(([name]) => name).toSorted(), [
      'README.md',
      'generator',
      'guard.d.ts',
      'guard.js',
      'guard.json',
      'guard.ts',
      'inverter',
    ]);
    const bytes = await vscode.workspace.fs.readFile(fileOf('guard/guard.json'));
    const settings = JSON.parse(new TextDecoder().decode(bytes)) as GuardSettings;
    assert.equal(settings.manifold, assay.training(config)?.key);
  });
});
