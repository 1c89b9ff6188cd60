import { strict as assert } from 'node:assert';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';

describe('the editor under test', () => {
  it('is the oldest that the manifest allows, or newer', () => {
    const [major = 0, minor = 0] = vscode.version.split('.').map(Number);
    assert.ok(major === 1 && minor >= 106, `VS Code ${vscode.version}`);
  });
});
