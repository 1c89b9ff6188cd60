import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ModelReference } from '../../src/server/load-calls.ts';
import { resolveReference } from '../../src/server/resolve-reference.ts';
import { WorkspaceIndex } from '../../src/server/workspace-index.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { AuditedWorkspace } from './audited-workspace.ts';

async function resolveIn(
  workspace: AuditedWorkspace,
  text: string,
  from = 'src/deep/app.ts',
  kind: ModelReference['kind'] = 'whole',
): Promise<string | undefined> {
  const index = new WorkspaceIndex([workspace.folder]);
  return await resolveReference({ kind, text }, workspace.path(from), index);
}

describe('a path in a load call', () => {
  test.each([
    'file://models/digits/model.json',
    'file://./models/digits/model.json',
    'models/digits/model.json',
    './models/digits/model.json',
    '../../models/digits/model.json',
    '/models/digits/model.json',
  ])('%s leads to the model, whatever the working directory is', async text => {
    const workspace = await AuditedWorkspace.create();
    expect(await resolveIn(workspace, text)).toBe(workspace.path('models/digits/model.json'));
  });

  test('may be absolute, and may lie where a server serves it from', async () => {
    const workspace = await AuditedWorkspace.create();
    const model = workspace.path('models/digits/model.json');
    expect(await resolveIn(workspace, `file://${model}`)).toBe(model);
    const served = await workspace.writeModel('public/models/web');
    expect(await resolveIn(workspace, '/models/web/model.json')).toBe(served);
  });

  test('takes the model nearest to the file', async () => {
    const workspace = await AuditedWorkspace.create();
    const near = await workspace.writeModel('src/models/digits');
    expect(await resolveIn(workspace, 'models/digits/model.json')).toBe(near);
  });

  test.each([
    'https://example.org/models/digits/model.json',
    'indexeddb://models/digits/model.json',
    'models/other/model.json',
    'assay.config.json',
    'models/digits',
    '',
  ])('%j leads nowhere', async text => {
    expect(await resolveIn(await AuditedWorkspace.create(), text)).toBeUndefined();
  });

  test('never leads out of the workspace, nor from inside a package', async () => {
    const workspace = await AuditedWorkspace.create();
    const outside = await AuditedWorkspace.create();
    const target = outside.path('models/digits/model.json');
    expect(await resolveIn(workspace, target)).toBeUndefined();
    expect(await resolveIn(workspace, 'models/digits/model.json', 'node_modules/a/b.js')).toBe(
      undefined,
    );
  });

  test('of which only the end is known has to fit exactly one model', async () => {
    const workspace = await AuditedWorkspace.create();
    const end = (text: string) => resolveIn(workspace, text, 'app.js', 'tail');
    expect(await end('/digits/model.json')).toBe(workspace.path('models/digits/model.json'));
    expect(await end('/model.json')).toBe(workspace.path('models/digits/model.json'));
    expect(await end('/letters/model.json')).toBeUndefined();
    expect(await end('n')).toBeUndefined();
    await workspace.writeModel('other/model');
    await workspace.write(
      'other/assay.config.json',
      '{"version":1,"models":["model/model.json"],"data":{"format":"csv","file":"a","label":"b"}}',
    );
    expect(await end('/model.json')).toBeUndefined();
  });
});

describe('the search for configurations', () => {
  test('does not follow links, nor look into packages', async () => {
    const workspace = await AuditedWorkspace.create();
    const elsewhere = await AuditedWorkspace.create();
    await symlink(elsewhere.folder, workspace.path('linked'));
    await workspace.write('node_modules/a/assay.config.json', '{}');
    const models = await new WorkspaceIndex([workspace.folder]).configuredModels();
    expect(models).toEqual([workspace.path('models/digits/model.json')]);
  });

  test('is quick in a folder of many files', async () => {
    const folder = await temporaryFolder();
    await Promise.all(
      Array.from({ length: 1200 }, (_, i) =>
        mkdir(join(folder, 'images', String(i), 'a'), { recursive: true }),
      ),
    );
    const began = performance.now();
    expect(await new WorkspaceIndex([folder]).configuredModels()).toEqual([]);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
