import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createExampleWorkspace } from '../host/example-workspace.ts';
import { Workbench } from '../host/workbench.ts';
import { keepFailure, takeScreenshots } from './screenshots.ts';

const projectFolder = resolve(import.meta.dirname, '../..');
const vsix = join(projectFolder, 'assay.vsix');
const folder = join(projectFolder, 'out', 'ui', 'focus');
const reports = join(folder, '.assay', 'reports', 'models__digits-cnn');

describe('a panel beside another editor, where the file system tells nothing', () => {
  let workbench: Workbench;
  let panel: Locator;

  beforeAll(async () => {
    await createExampleWorkspace(folder, { samples: 10 });
    workbench = await Workbench.open({
      vsix,
      folder,
      settings: { 'files.watcherExclude': { '**/.assay/**': true } },
    });
    panel = workbench.webview().locator('assay-panel');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await keepFailure(workbench, task.name);
  });
  afterAll(() => workbench.close());

  test('reads its report again when it comes into focus', async () => {
    await workbench.openFile('models/digits-cnn/model.json');
    await workbench.runCommand('Assay: Open Report');
    await panel.getByText('This model has not been audited yet.').waitFor();
    await workbench.runCommand('View: Move Editor into Next Group');
    await workbench.page.locator('.monaco-editor .view-lines').click();
    await workbench.page.locator('.editor-group-container.active .monaco-editor').waitFor();
    await panel.getByText('This model has not been audited yet.').waitFor();

    await mkdir(reports, { recursive: true });
    await writeFile(join(reports, 'report.json'), '{');
    await workbench.page.getByRole('tab', { name: 'Audit of digits-cnn' }).click();
    const problem = panel.getByRole('alert');
    // By itself it would be there only after a minute.
    await problem.waitFor({ timeout: 30_000 });
    // Short, and nothing of where the folder lies on this machine.
    expect((await problem.innerText()).trim()).toBe(
      '.assay/reports/models__digits-cnn/report.json: The report cannot be read. Run the audit again.',
    );
    await takeScreenshots(workbench, 'panel-error');
  });
});
