import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InitializeRequest, workerProtocolVersion } from '../../src/protocol/worker-protocol.ts';
import { installPackage, projectFolder, readPackage } from './packed-extension.ts';
import { talkTo } from './talk-to.ts';

let folder: string;
beforeAll(() => {
  folder = installPackage(readPackage());
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the extension loads, and exports what VS Code calls', () => {
  // Every member of the editor's module is some class: enough for what is done while loading.
  const script = `
    const load = require('node:module')._load;
    const editor = new Proxy({}, { get: () => class {} });
    require('node:module')._load = (name, ...rest) => name === 'vscode' ? editor : load(name, ...rest);
    console.log(Object.keys(require('./dist/extension.cjs')).sort().join(' '));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout.trim()).toBe('activate deactivate');
});

test('the worker starts, and agrees on the protocol', async () => {
  const answer = await talkTo(join(folder, 'dist/worker.cjs'), [], connection =>
    connection.sendRequest(InitializeRequest, { protocolVersion: workerProtocolVersion }),
  );
  expect(answer.protocolVersion).toBe(workerProtocolVersion);
});

test('the language server starts, and offers code lenses', async () => {
  const answer = await talkTo(join(folder, 'dist/server.cjs'), ['--node-ipc'], connection =>
    connection.sendRequest<{ capabilities: { codeLensProvider?: unknown } }>('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
      workspaceFolders: null,
    }),
  );
  expect(answer.capabilities.codeLensProvider).toBeDefined();
});

test('the command line tool tells its version', () => {
  const cli = join(projectFolder, 'dist', 'cli.cjs');
  const { status, stdout, stderr } = spawnSync(cli, ['--version'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
