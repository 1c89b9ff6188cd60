import { join, resolve } from 'node:path';
import { decode } from 'fast-png';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createExampleWorkspace } from '../host/example-workspace.ts';
import { Workbench } from '../host/workbench.ts';
import { keepFailure, takeHighContrastScreenshot, takeScreenshots } from './screenshots.ts';

const projectFolder = resolve(import.meta.dirname, '../..');
const vsix = join(projectFolder, 'assay.vsix');
const folder = join(projectFolder, 'out', 'ui', 'digits');
const sampleCount = 20;

/** What would only distract in a picture. */
const settings = {
  'editor.minimap.enabled': false,
  // The copy of the example has no packages installed.
  'typescript.validate.enable': false,
};

/** An audit takes as long as the machine needs. */
const auditTimeoutMs = 400_000;

const modelFile = 'models/digits-cnn/model.json';
const withAccuracy = /clean \d+\.\d%.* · FGSM/;

/** The rows of the table of conditions, each with the texts of its cells. */
async function conditionRows(panel: Locator): Promise<string[][]> {
  const rows = await panel.locator('assay-condition-summary tbody tr').all();
  return Promise.all(rows.map(row => row.locator('th, td').allInnerTexts()));
}

/** How many different colours a picture shows. */
async function countColours(picture: Locator): Promise<number> {
  const { data, channels } = decode(await picture.screenshot());
  const colours = new Set<string>();
  for (let i = 0; i < data.length; i += channels) {
    colours.add(data.slice(i, i + channels).join(' '));
  }
  return colours.size;
}

describe('an audit by the packaged extension', () => {
  let workbench: Workbench;
  let panel: Locator;

  beforeAll(async () => {
    await createExampleWorkspace(folder, { samples: sampleCount });
    workbench = await Workbench.open({ vsix, folder, settings });
    panel = workbench.webview().locator('assay-panel');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await keepFailure(workbench, task.name);
  });
  afterAll(() => workbench.close());

  test('is offered above a model that has none yet', async () => {
    await workbench.openFile(modelFile);
    await workbench.codeLens('Not audited yet').waitFor();
    await workbench.codeLens('Run audit').waitFor();
  });

  test('starts from the palette, and shows how far it is', async () => {
    await workbench.runCommand('Assay: Audit Model');
    const notification = workbench.notification('Auditing digits-cnn');
    await notification.getByText('Cancel').waitFor();
    await panel.getByRole('progressbar').waitFor();
    await panel.locator('assay-sample-grid [role=row] assay-picture').first().waitFor();
    await takeScreenshots(workbench, 'panel-running');
  });

  test('fills the panel with the accuracy under each attack', async () => {
    await panel.getByRole('progressbar').waitFor({ state: 'detached', timeout: auditTimeoutMs });
    const rows = await conditionRows(panel);
    const names = rows.map(([name = '']) => name.trim());
    expect(names).toEqual(
      expect.arrayContaining([expect.stringMatching(/clean/i), expect.stringMatching(/FGSM/)]),
    );
    const finished = rows.filter(([, samples]) => samples?.trim() === String(sampleCount));
    expect(finished.length).toBeGreaterThanOrEqual(4);
    for (const [name, , accuracy] of finished) {
      expect(accuracy?.trim(), name).toMatch(/^\d+\.\d%$/);
    }
    await takeScreenshots(workbench, 'panel-finished');
  });

  test('shows the pictures of a sample, of its adversary and of their difference', async () => {
    const row = panel.locator('assay-sample-grid .row:not(.head)').first();
    const pictures = row.locator('assay-picture');
    expect(await pictures.count()).toBe(3);
    for (const picture of await pictures.all()) {
      expect(await countColours(picture)).toBeGreaterThan(2);
    }
    await row.click();
    await panel.locator('assay-sample-detail').getByText('Outcome').first().waitFor();
    await takeScreenshots(workbench, 'sample');
    await takeHighContrastScreenshot(workbench, 'sample');
    await panel.locator('assay-sample-detail').getByLabel('Close the sample').click();
  });

  test('sorts the samples and filters them', async () => {
    const grid = panel.locator('assay-sample-grid');
    const header = grid.getByRole('columnheader', { name: 'MI' });
    await header.getByRole('button').click();
    await expect.poll(() => header.getAttribute('aria-sort')).toBe('descending');
    const read = async (): Promise<number[]> => {
      const cells = await grid.locator('.row:not(.head) [role=gridcell]:nth-last-child(2)').all();
      return Promise.all(cells.map(async cell => Number(await cell.innerText())));
    };
    await expect
      .poll(async () => {
        const values = await read();
        return (
          values.length > 3 && values.every((value, i) => i === 0 || value <= (values[i - 1] ?? 0))
        );
      })
      .toBe(true);

    const toolbar = panel.locator('assay-sample-toolbar');
    await toolbar.getByRole('textbox').fill('no such sample');
    await toolbar.getByText('0 samples').waitFor();
    await toolbar.getByRole('textbox').fill('');
    await toolbar.getByText(`${sampleCount} samples`).waitFor();
  });

  test('tells the result in lenses', async () => {
    for (const file of [modelFile, 'assay.config.json', 'src/classify.ts']) {
      await workbench.openFile(file);
      await workbench.codeLens(withAccuracy).first().waitFor();
    }
    await takeScreenshots(workbench, 'lens-code');
  });

  test('is there again after the window was reloaded', async () => {
    await workbench.page.reload();
    await workbench.page.getByRole('tab', { name: 'Audit of digits-cnn' }).click();
    await panel.locator('assay-condition-summary tbody tr').first().waitFor();
  });
});
