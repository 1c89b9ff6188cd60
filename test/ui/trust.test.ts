import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createExampleWorkspace } from '../host/example-workspace.ts';
import { Workbench } from '../host/workbench.ts';

const projectFolder = resolve(import.meta.dirname, '../..');
const folder = join(projectFolder, 'out', 'ui', 'untrusted-digits');

let workbench: Workbench;
beforeAll(async () => {
  await createExampleWorkspace(folder, { samples: 4 });
  workbench = await Workbench.open({
    vsix: join(projectFolder, 'assay.vsix'),
    folder,
    settings: { 'security.workspace.trust.startupPrompt': 'never' },
    workspaceTrust: true,
  });
});
afterAll(() => workbench.close());

test('a model in a folder that is not trusted is not run', async () => {
  await workbench.statusBarItem('Restricted Mode').waitFor();
  await workbench.openFile('models/digits-cnn/model.json');
  await workbench.codeLens('Not audited yet').waitFor();
  await workbench.runCommand('Assay: Audit Model');
  await workbench.notification('has to be trusted first').waitFor();
  expect(existsSync(join(folder, '.assay'))).toBe(false);
});
