import { strict as assert } from 'node:assert';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { activateAssay } from './example.ts';

describe('activation', () => {
  it('is quick, and in a VS Code that the manifest allows', async () => {
    const { activationMilliseconds } = await activateAssay();
    assert.ok(activationMilliseconds < 1000, `it took ${activationMilliseconds} ms`);
    const [major = 0, minor = 0] = vscode.version.split('.').map(Number);
    assert.ok(major === 1 && minor >= 106, `VS Code ${vscode.version}`);
  });

  it('registers every command of the manifest', async () => {
    await activateAssay();
    const manifest = vscode.extensions.getExtension('assay.assay')?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const promised = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(promised.includes('assay.auditModel'));
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      promised.filter(command => !registered.has(command)),
      [],
    );
  });

  it('starts the language server', async () => {
    const assay = await activateAssay();
    await assay.whenServerReady();
  });

  it('starts no worker', async () => {
    const assay = await activateAssay();
    assert.equal(assay.workerProcessId(), undefined);
  });
});
