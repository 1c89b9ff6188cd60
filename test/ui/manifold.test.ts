import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createExampleWorkspace } from '../host/example-workspace.ts';
import { Workbench } from '../host/workbench.ts';
import { leaveHalfTrained } from './half-trained-manifold.ts';
import { areForTheReadme, keepFailure, showAtTop, takeScreenshots } from './screenshots.ts';

const projectFolder = resolve(import.meta.dirname, '../..');
const vsix = join(projectFolder, 'assay.vsix');
const folder = join(projectFolder, 'out', 'ui', 'manifold');
/** Training and audit take as long as the machine needs: longer where more is to be seen of them. */
const longMs = areForTheReadme ? 1_800_000 : 400_000;

/** Evaluations, 100 steps each: as few as show something, and more for pictures that are published. */
const evaluations = areForTheReadme ? 7 : 3;

/** Steps that are behind when the editor opens; enough are left to pause them. */
const known = 100 * (evaluations - 2);

describe('the manifold in the packaged extension', () => {
  let workbench: Workbench;
  let panel: Locator;
  let training: Locator;

  beforeAll(async () => {
    await createExampleWorkspace(folder, {
      samples: 10,
      requirements: [
        { check: 'clean-accuracy', minimum: 0.9 },
        { check: 'robust-accuracy', attack: 'fgsm-linf-0.2', minimum: 0.5, level: 'warn' },
      ],
      attacks: [
        { attack: 'fgsm', norm: 'Linf', epsilon: 0.2 },
        // Minutes on WebAssembly: only where the pictures are looked at.
        ...(areForTheReadme ? [{ attack: 'carlini-wagner', preset: 'quick' }] : []),
      ],
      manifold: {
        data: {
          format: 'idx',
          inputs: 'data/t10k-images-idx3-ubyte',
          labels: 'data/t10k-labels-idx1-ubyte',
        },
        latentSize: 16,
        width: 0.5,
        steps: 100 * evaluations,
      },
    });
    await leaveHalfTrained(folder, known / 100);
    workbench = await Workbench.open({ vsix, folder });
    panel = workbench.webview().locator('assay-panel');
    training = panel.locator('assay-training-section');
  }, longMs);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await keepFailure(workbench, task.name);
  });
  afterAll(() => workbench.close());

  test('says that there is nothing to show yet', async () => {
    await workbench.openFile('models/digits-cnn/model.json');
    await workbench.runCommand('Assay: Open Report');
    await panel.getByText('This model has not been audited yet.').waitFor();
    await takeScreenshots(workbench, 'panel-empty');
  });

  test('goes on with a training, pauses it and takes it up again', async () => {
    await workbench.openFile('models/digits-cnn/model.json');
    await workbench.runCommand('Assay: Train Manifold');
    await training
      .getByRole('img', { name: `at step ${known}` })
      .first()
      .waitFor({ timeout: longMs });
    await training.getByRole('button', { name: 'Pause' }).click();
    // It pauses between two steps, and the step in hand may be an evaluation.
    const paused = training.getByText(/it goes on from step \d+/);
    await paused.waitFor({ timeout: longMs });
    expect(Number(/step (\d+)$/.exec(await paused.innerText())?.[1])).toBeGreaterThanOrEqual(known);
    await takeScreenshots(workbench, 'training-paused');
    await training.getByRole('button', { name: 'Resume' }).click();
    await training.getByRole('progressbar').waitFor();
    await training.getByRole('button', { name: 'Run audit' }).waitFor({ timeout: longMs });
    await training.getByRole('img', { name: 'Held-out samples' }).waitFor();
    await takeScreenshots(workbench, 'training');
  });

  test('offers to audit, and shows what the manifold holds', async () => {
    await training.getByRole('button', { name: 'Run audit' }).click();
    await panel.getByRole('progressbar').waitFor();
    await panel.getByRole('progressbar').waitFor({ state: 'detached', timeout: longMs });
    await panel.getByText(/natural adversaries of \d+ of 10 samples/).click();
    const gallery = panel.locator('assay-manifold-gallery');
    expect(await gallery.getByRole('img', { name: /^Random sample/ }).count()).toBe(24);
    await gallery.getByRole('img', { name: 'On the way, 11 of 11' }).waitFor();
    await showAtTop(panel.locator('assay-manifold-section'));
    await takeScreenshots(workbench, 'manifold');
    await panel.getByText(/natural adversaries of \d+ of 10 samples/).click();
  });

  test('keeps what is said of a natural adversary beside the report', async () => {
    const samples = panel.getByRole('region', { name: 'Samples' });
    await samples.locator('vscode-single-select').first().click();
    await panel.getByRole('option', { name: /^Natural adversary/ }).click();
    await samples.locator('vscode-single-select').nth(1).click();
    await panel.getByRole('option', { name: 'Fooled' }).click();
    await panel.locator('assay-sample-grid [role=row]:not(.head)').first().click();
    const detail = panel.locator('assay-sample-detail');
    await detail.getByRole('img', { name: /^Salient places of FGSM/ }).waitFor();
    await detail.getByRole('button', { name: 'Yes' }).click();
    const path = join(folder, '.assay/reports/models__digits-cnn/marks.json');
    await expect
      .poll(async () => await readFile(path, 'utf8').catch(() => ''), { timeout: 20_000 })
      .toContain('"looksLikeLabel": "yes"');
    const pressed = detail.getByRole('button', { name: 'Yes', pressed: true });
    await pressed.waitFor();
    await showAtTop(detail);
    await takeScreenshots(workbench, 'sample-attacks');
    await panel.getByText(/natural adversaries of \d+ of 10 samples/).click();
    await panel.getByRole('cell', { name: /^1 of \d+$/ }).waitFor();
    await panel.getByText(/natural adversaries of \d+ of 10 samples/).click();
  });

  test('shows its other parts when they are opened', async () => {
    for (const [title, name] of [
      ['All attacks together', 'attacks'],
      ['Uncertainty and detection', 'detection'],
    ] as const) {
      const summary = panel.locator('summary', { hasText: title });
      await summary.click();
      await showAtTop(summary);
      await takeScreenshots(workbench, name);
      await summary.click();
    }
  });

  test('fits into half of a small window', async () => {
    await workbench.page.setViewportSize({ width: 700, height: 900 });
    await showAtTop(panel);
    await takeScreenshots(workbench, 'panel-narrow');
  });

  test('says what is wrong with a report that cannot be read', async () => {
    await writeFile(join(folder, '.assay/reports/models__digits-cnn/report.json'), '{');
    // A panel that comes back asks anew: not every host of these tests can watch folders.
    await workbench.openFile('models/digits-cnn/model.json');
    await workbench.runCommand('Assay: Open Report');
    await panel.getByText('The report cannot be read.').waitFor();
  });
});
