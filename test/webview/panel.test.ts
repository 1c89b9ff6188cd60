import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { withMarks } from '../../src/report/adversary-marks.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { launchBrowser, PanelPage } from './panel-page.ts';
import { naturalCondition, reportWithManifold, trainingAt } from './sample-manifold.ts';
import { sampleReport } from './sample-report.ts';

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

let browser: Browser;
let panel: PanelPage | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(async () => {
  expect(panel?.complaints ?? []).toEqual([]);
  await panel?.page.close();
  panel = undefined;
});
afterAll(() => browser.close());

async function open(options: Parameters<typeof PanelPage.open>[1] = {}): Promise<PanelPage> {
  panel = await PanelPage.open(browser, options);
  return panel;
}

async function accessibilityViolations({ page, complaints }: PanelPage): Promise<string[]> {
  expect(complaints).toEqual([]);
  // Rows exist only in view, and the grid refers to one of them.
  await page.mouse.move(0, 0);
  await page.evaluate(
    "document.querySelector('assay-panel').shadowRoot.querySelector('assay-sample-grid').scrollIntoView()",
  );
  await page.locator(rows).first().waitFor();
  await page.evaluate(axeSource);
  const found: unknown = await page.evaluate(
    `axe.run(document, { rules: { region: { enabled: false } } }).then(result =>
       result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))`,
  );
  // The checker itself tries inline styles, which the page's policy refuses.
  complaints.length = 0;
  return found as string[];
}

/** Roles of everything inside a region, as the browser tells them to a screen reader. */
async function rolesIn({ page }: PanelPage, region: string): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const children = new Map(nodes.map(({ nodeId, childIds }) => [nodeId, childIds ?? []]));
  const root = nodes.find(
    ({ role, name }) => role?.value === 'region' && name?.value === region,
  )?.nodeId;
  const inside = new Set(root === undefined ? [] : [root]);
  for (const id of inside) for (const child of children.get(id) ?? []) inside.add(child);
  return nodes.filter(({ nodeId }) => inside.has(nodeId)).map(({ role }) => String(role?.value));
}

/** The report with a control under its attack, whose name is long, as those of controls are. */
function withControl(report: AuditReport): AuditReport {
  const [clean, attack] = report.conditions;
  const { detection } = report;
  if (clean === undefined || attack === undefined || detection === undefined) return report;
  const control = 'control';
  const rows = detection.rows.filter(({ condition }) => condition === attack.id);
  return {
    ...report,
    conditions: [
      ...report.conditions,
      { ...clean, id: control, kind: 'control', label: 'Noise as large as C&W L2 (quick)' },
    ],
    detection: {
      ...detection,
      rows: [...detection.rows, ...rows.map(row => ({ ...row, condition: control }))],
    },
  };
}

/** What the tests read of a canvas; they are compiled without the browser's types. */
interface Canvas {
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Iterable<number> };
  };
}

/** What they ask a page. */
interface Page {
  getComputedStyle(node: unknown): { readonly outline: string };
}

const rows = '.body [role="row"]';

describe('the panel', () => {
  test('asks for a snapshot and shows conditions, findings and samples', async () => {
    const { page, show, received } = await open().then(opened => ({
      page: opened.page,
      received: opened.received,
      show: opened.show.bind(opened),
    }));
    expect(received).toContainEqual({ kind: 'ready' });
    await show(sampleReport(120));
    await page.getByRole('heading', { name: 'digits-cnn' }).waitFor();
    await page
      .locator('assay-condition-summary')
      .getByRole('rowheader', { name: 'C&W L2 (quick)' })
      .waitFor();
    await page.getByText('40.0% is below the required 50.0%.').waitFor();
    await page.locator(rows).first().waitFor();
    expect(await page.locator(rows).first().innerText()).toMatch(/^0\s+0/);
    // The list shows the attack, since that is what an audit is about.
    await page.getByRole('columnheader', { name: /Outcome/ }).waitFor();
  });

  test.each([
    ['dark', 1100],
    ['light', 1100],
    ['high-contrast', 1100],
    ['dark', 500],
  ] as const)('has no accessibility violation, %s theme, %i px wide', async (theme, width) => {
    const opened = await open({ theme, width });
    await opened.show(sampleReport(60));
    await opened.page.locator(rows).nth(3).waitFor();
    await opened.page.locator(rows).nth(1).click();
    await opened.page.getByText('Sample 1, label 1').waitFor();
    expect(await accessibilityViolations(opened)).toEqual([]);
    const path = `test-results/panel-${theme}-${width}.png`;
    await opened.page.screenshot({ path, fullPage: true });
  });

  test('puts a sign beside an accuracy that masked gradients make worthless', async () => {
    const opened = await open({ width: 1100 });
    const report = sampleReport(60);
    const attack = report.conditions.find(({ kind }) => kind === 'attack');
    await opened.show({
      ...report,
      flags: [
        {
          id: 'gradient-unavailable',
          condition: attack?.id ?? '',
          severity: 'error',
          message: 'C&W L2 (quick) found gradients of zeros on 60 of 60 attacked samples.',
          remedy: 'Add Square, which needs no gradients.',
        },
      ],
    });
    const row = opened.page.locator('assay-condition-summary').getByRole('row');
    await row.filter({ hasText: 'C&W' }).getByText('Not to be read as robustness:').waitFor();
    expect(await row.getByText('Not to be read as robustness:').count()).toBe(1);
    expect(await accessibilityViolations(opened)).toEqual([]);
    await opened.page.screenshot({ path: 'test-results/panel-doubt.png' });
  });

  test('takes all attacks together: worst cases, curves, classes and settings', async () => {
    const opened = await open();
    const { page } = opened;
    await opened.show(sampleReport(60));
    await page.getByText('L2 ≤ 1.00: 75.0% (62.8–84.2)').click();
    await page.getByRole('rowheader', { name: 'L2 ≤ 1.00' }).waitFor();
    await page.getByRole('img', { name: /C&W L2 \(quick\): 100\.0% without change/ }).waitFor();
    await page.getByText('Settings of C&W L2 (quick)').click();
    await page.getByText('preset quick, binary search steps 5, iterations 200').waitFor();
    await page.getByText('Classes under C&W L2 (quick)').click();
    await page.getByRole('columnheader', { name: 'mostly taken for' }).waitFor();
    expect(await accessibilityViolations(opened)).toEqual([]);
    await page.screenshot({ path: 'test-results/panel-robustness.png' });
  });

  test('shows how each score detects what is not clean, and how well confidence is calibrated', async () => {
    const opened = await open({ width: 1100 });
    const { page } = opened;
    await opened.show(sampleReport(60));
    await page.getByText('AUROC of MI: C&W L2 (quick) 0.912 (0.87–0.95)').click();
    await page.getByText('Posterior: mc-dropout. The model has dropout').waitFor();
    await page.getByText('No Mahalanobis: Too few samples to fit on.').waitFor();
    await page.getByRole('img', { name: '60 samples, mean 0.200, from 0.180 to 0.220' }).waitFor();
    await page.getByLabel('Score', { exact: true }).selectOption('energy');
    await page.getByRole('region', { name: 'Detection by Energy' }).waitFor();
    await page.getByRole('img', { name: '60 samples, mean 0.500, from 0.450 to 0.550' }).waitFor();
    await page
      .getByRole('img', { name: /12 answers of confidence 70\.0% are 63\.3% right/ })
      .first()
      .waitFor();
    await page.getByText('Mean of 100 passes of mc-dropout, ECE 0.0310').waitFor();
    await page.getByRole('rowheader', { name: 'Mean of 100 passes of mc-dropout' }).waitFor();
    await page.getByText('Every score of C&W L2 (quick)').click();
    await page.getByRole('columnheader', { name: 'FPR at 95% TPR, out positive' }).last().waitFor();
    expect(await accessibilityViolations(opened)).toEqual([]);
    await page.screenshot({ path: 'test-results/panel-detection.png', fullPage: true });
  });

  test.each([
    ['dark', 1000],
    ['light', 700],
    ['high-contrast', 700],
    ['dark', 400],
  ] as const)(
    'shows the whole detection table without scrolling, %s theme, %i px wide',
    async (theme, width) => {
      const opened = await open({ theme, width });
      const { page } = opened;
      await opened.show(withControl(sampleReport(1000)));
      await page.getByText('Uncertainty and detection').click();
      await page.getByText('Mean, AUPR and error rates of MI').click();
      for (const name of ['Detection by MI', 'Error rates of MI']) {
        const region = page.getByRole('region', { name });
        await region.getByRole('rowheader', { name: 'Noise as large as C&W L2 (quick)' }).waitFor();
        const { clientWidth, scrollWidth } = await region.evaluate((node: unknown) => {
          const box = node as { readonly clientWidth: number; readonly scrollWidth: number };
          return { clientWidth: box.clientWidth, scrollWidth: box.scrollWidth };
        });
        expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
      }
      // Screen readers hear a table, however it is laid out: seven headings and three rows.
      const roles = await rolesIn(opened, 'Detection by MI');
      expect(roles.filter(role => role === 'columnheader')).toHaveLength(7);
      expect(roles.filter(role => role === 'rowheader')).toHaveLength(3);
      expect(await accessibilityViolations(opened)).toEqual([]);
      const path = `test-results/panel-detection-${theme}-${width}.png`;
      await page.locator('assay-detection-summary').screenshot({ path });
    },
  );

  test('draws only the rows in view of ten thousand, and reaches the last by keyboard', async () => {
    const opened = await open();
    const { page } = opened;
    await opened.show(sampleReport(10_000));
    await page.locator(rows).first().waitFor();
    expect(await page.locator(rows).count()).toBeLessThan(60);
    const grid = page.getByRole('grid');
    expect(await grid.getAttribute('aria-rowcount')).toBe('10001');
    // A row can be chosen before its sample has arrived.
    opened.answerMilliseconds = 400;
    await grid.focus();
    await page.keyboard.press('End');
    await page.locator('#row-9999').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Sample 9999, label 9').waitFor();
    expect(await page.locator(rows).count()).toBeLessThan(60);
    // Pages, not everything, were asked for.
    const asked = opened.received.filter(({ kind }) => kind === 'samples');
    expect(asked.length).toBeLessThan(20);
  });

  test('sorts by a column in either direction', async () => {
    const opened = await open();
    const { page } = opened;
    await opened.show(sampleReport(100));
    await page.getByRole('button', { name: 'MI', exact: true }).click();
    const header = page.getByRole('columnheader', { name: /^MI/ });
    await page.locator('[role="columnheader"][aria-sort="descending"]').waitFor();
    const values = async () =>
      (await page.locator(`${rows} > :nth-last-child(2)`).allInnerTexts()).map(Number);
    await expect.poll(async () => isSorted((await values()).toReversed())).toBe(true);
    await header.getByRole('button').click();
    await expect.poll(async () => isSorted(await values())).toBe(true);
    expect((await values()).length).toBeGreaterThan(3);
  });

  test('filters by outcome, label and text', async () => {
    const opened = await open();
    const { page } = opened;
    const report = sampleReport(100);
    await opened.show(report);
    await page.locator(rows).first().waitFor();
    const status = page.locator('assay-sample-toolbar [role="status"]');
    const find = page.locator('vscode-textfield input');
    await find.fill('99');
    await expect.poll(() => status.innerText()).toBe('1 sample');
    await find.fill('');
    await expect.poll(() => status.innerText()).toBe('100 samples');
    await page.locator('vscode-single-select').nth(1).click();
    await page.getByRole('option', { name: 'Fooled' }).click();
    const fooled = report.samples.filter(
      ({ conditions }) => conditions['carlini-wagner-l2-quick']?.outcome === 'succeeded',
    );
    await expect.poll(() => status.innerText()).toBe(`${fooled.length} samples`);
  });

  test('draws the pictures of the rows in view', async () => {
    const opened = await open();
    await opened.show(sampleReport(30));
    const canvas = opened.page.locator(`${rows} canvas`).first();
    await canvas.waitFor();
    const pixels = () =>
      canvas.evaluate((node: unknown) => {
        const { data } = (node as Canvas).getContext('2d').getImageData(0, 0, 4, 4);
        return Array.from(data).filter((_, i) => i % 4 === 0);
      });
    await expect
      .poll(pixels)
      .toEqual(Array.from({ length: 16 }, (_, i) => Math.round((255 * i) / 16)));
  });

  test('says what is running, and cancels', async () => {
    const opened = await open();
    await opened.show(sampleReport(10, 'running'), {
      run: { phase: 'C&W L2 (quick)', fraction: 0.42, secondsLeft: 75 },
    });
    await opened.page.getByText('C&W L2 (quick), 42%, 1 min 15 s left').waitFor();
    await opened.page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => opened.received).toContainEqual({ kind: 'cancel' });
    await opened.page.screenshot({ path: 'test-results/panel-running.png' });
  });

  test('says why there is nothing, and what is out of date', async () => {
    const opened = await open();
    await opened.show(undefined, { gap: 'This model has not been audited yet.' });
    await opened.page
      .getByRole('status')
      .getByText('This model has not been audited yet.')
      .waitFor();
    expect(await opened.page.getByRole('alert').count()).toBe(0);
    await opened.page.getByRole('button', { name: 'Run audit' }).click();
    await expect.poll(() => opened.received).toContainEqual({ kind: 'run' });
    await opened.show(sampleReport(5), { stale: 'the weights changed (a.bin)' });
    await opened.page.getByText('Out of date: the weights changed (a.bin).').waitFor();
  });

  test.each(['dark', 'light', 'high-contrast'] as const)(
    'tells a problem from what is only missing, %s theme',
    async theme => {
      const opened = await open({ theme });
      await opened.show(sampleReport(5), {
        problem: 'The worker ended. Run the audit again.',
        gap: 'This model has not been audited yet.',
        stale: 'the weights changed (a.bin)',
      });
      await opened.page.getByRole('alert').getByText('The worker ended.').waitFor();
      expect(await accessibilityViolations(opened)).toEqual([]);
      await opened.page.evaluate('scrollTo(0, 0)');
      await opened.page.screenshot({ path: `test-results/panel-banners-${theme}.png` });
    },
  );

  test('keeps the names of conditions in view while their numbers scroll in a narrow panel', async () => {
    const { page, show } = await open({ width: 500 }).then(opened => ({
      page: opened.page,
      show: opened.show.bind(opened),
    }));
    await show(reportWithManifold(12));
    const name = page.getByRole('rowheader', { name: 'Natural adversary, gradient search' });
    await name.waitFor();
    const before = await name.boundingBox();
    expect(before?.width).toBeLessThan(200);
    await page
      .locator('assay-condition-summary')
      .evaluate((node: unknown) => ((node as { scrollLeft: number }).scrollLeft = 150));
    expect((await name.boundingBox())?.x).toBe(before?.x);
  });

  test('a condition without posterior says why, never zero', async () => {
    const report = sampleReport(5);
    const conditions = report.conditions.map(condition => ({
      ...condition,
      uncertainty: {
        applicable: false as const,
        reason: 'No dropout layers.',
        remedy: 'Use an ensemble.',
      },
    }));
    const opened = await open();
    await opened.show({ ...report, conditions });
    await opened.page.getByText('Uncertainty: No dropout layers. Use an ensemble.').waitFor();
    const cells = await opened.page
      .locator('assay-condition-summary tbody tr')
      .first()
      .locator('td')
      .allInnerTexts();
    expect(cells.slice(-4)).toEqual(['–', '–', '–', '–']);
  });

  test('shows all that is known of a sample side by side, and takes marks by mouse and by key', async () => {
    const opened = await open();
    const { page } = opened;
    const report = reportWithManifold(12);
    await opened.show(report);
    await page.locator('vscode-single-select').first().click();
    await page.getByRole('option', { name: 'Natural adversary' }).click();
    await page.locator(rows).nth(2).click();
    const detail = page.getByRole('region', { name: 'Sample 2, label 2' });
    await detail.getByRole('img', { name: 'Salient places of Natural adversary' }).waitFor();
    await detail.getByRole('img', { name: 'Difference of C&W L2 (quick)' }).waitFor();
    await detail.getByRole('img', { name: 'reconstruction G(I(x)) of Clean' }).waitFor();
    await detail.getByText('2 (93.0%)').waitFor();
    const question = detail.getByRole('group', { name: 'still look like 2?' });
    await question.getByRole('button', { name: 'No' }).click();
    const mark = { kind: 'mark', condition: naturalCondition, sample: 2, adversary: 'adversary-2' };
    await expect.poll(() => opened.received).toContainEqual({ ...mark, looksLikeLabel: 'no' });
    await question.getByRole('button', { name: 'No' }).press('u');
    await expect.poll(() => opened.received).toContainEqual({ ...mark, looksLikeLabel: 'unsure' });

    // The extension answers with a report that has the mark.
    const marks = [
      { condition: naturalCondition, sample: 2, adversary: 'adversary-2', looksLikeLabel: 'no' },
    ] as const;
    await opened.show(withMarks(report, marks));
    await page.locator(rows).nth(2).getByText('no', { exact: true }).waitFor();
    const pressed = question.getByRole('button', { name: 'No' });
    await expect.poll(() => pressed.getAttribute('aria-pressed')).toBe('true');
    // The same answer again takes it back; on a row of the list a key does.
    await page.getByRole('grid').focus();
    await page.keyboard.press('n');
    await expect.poll(() => JSON.stringify(opened.received)).toContain(JSON.stringify(mark));
    expect(await accessibilityViolations(opened)).toEqual([]);
    await page.screenshot({ path: 'test-results/panel-sample.png', fullPage: true });
  });

  test.each(['dark', 'light'] as const)(
    'draws what the manifold holds when its part is opened, %s theme',
    async theme => {
      const opened = await open({ theme });
      const { page } = opened;
      await opened.show(reportWithManifold(12));
      expect(opened.received.some(({ kind }) => kind === 'manifold-pictures')).toBe(false);
      await page.getByText('natural adversaries of 6 of 12 samples').click();
      await page.getByRole('img', { name: 'Random sample, 6 of 6: 5 (80.0%)' }).waitFor();
      await page.getByText('from sample 0 to sample 1').waitFor();
      // The way back is the same one.
      await page.getByLabel('From', { exact: true }).selectOption('2');
      await page.getByText('from sample 2 to sample 0').waitFor();
      await page.getByRole('img', { name: 'On the way, 1 of 5: 4 (82.0%)' }).waitFor();
      await page.getByRole('columnheader', { name: 'still look like their label (95%)' }).waitFor();
      await page.getByText('What each correction mends and breaks').click();
      await page.getByRole('rowheader', { name: 'C&W L2 (quick)' }).last().waitFor();
      expect(await accessibilityViolations(opened)).toEqual([]);
      await page.screenshot({ path: `test-results/panel-manifold-${theme}.png`, fullPage: true });
    },
  );

  test('outlines what is chosen where a theme has no colours for it', async () => {
    const opened = await open({ theme: 'high-contrast' });
    const { page } = opened;
    const marks = [
      { condition: naturalCondition, sample: 2, adversary: 'adversary-2', looksLikeLabel: 'no' },
    ] as const;
    await opened.show(withMarks(reportWithManifold(12), marks));
    await page.locator('vscode-single-select').first().click();
    await page.getByRole('option', { name: 'Natural adversary' }).click();
    await page.locator(rows).nth(2).click();
    const pressed = page.getByRole('button', { name: 'No', pressed: true });
    await pressed.waitFor();
    await page.locator('vscode-textfield input').focus();
    // Which brings the list into view.
    expect(await accessibilityViolations(opened)).toEqual([]);
    for (const chosen of [pressed, page.locator(`${rows}[aria-selected="true"]`)]) {
      const outline = await chosen.evaluate(
        (node: unknown) => (globalThis as unknown as Page).getComputedStyle(node).outline,
      );
      expect(outline).toBe('rgb(243, 133, 24) solid 1px');
    }
    await page.screenshot({ path: 'test-results/panel-sample-high-contrast.png', fullPage: true });
  });

  test('offers to train a manifold that is not trained', async () => {
    const opened = await open();
    const manifold = { trained: false as const, reason: 'It is not trained.', remedy: 'Train it.' };
    await opened.show({ ...sampleReport(5), manifold });
    await opened.page.getByRole('button', { name: 'Train manifold' }).click();
    await expect.poll(() => opened.received).toContainEqual({ kind: 'train' });
  });

  test.each(['dark', 'light'] as const)(
    'shows a training, pauses it, goes on after a failure, and offers to audit, %s theme',
    async theme => {
      const opened = await open({ theme });
      const { page, received } = opened;
      const report = sampleReport(20);
      await opened.show(report, { training: trainingAt(730) });
      await page.getByText('Step 730 of at most 1500 · held-out error 7.50').waitFor();
      await page.getByText('at most 1 min 35 s left').waitFor();
      await page
        .getByRole('img', { name: 'Held-out error: 30.0 at step 100, 7.50 at step 700' })
        .waitFor();
      for (const [label, description] of [
        ['Held out', 'Held-out samples'],
        ['Reconstruction', 'Their reconstructions'],
        ['Random sample', 'Samples of random latent vectors'],
      ] as const) {
        const picture = page.getByRole('img', { name: description });
        await expect
          .poll(() => picture.evaluate((node: unknown) => (node as { width: number }).width))
          .toBe(8 * 20 + 4);
        const [beside, drawn] = await Promise.all([
          page.getByText(label, { exact: true }).boundingBox(),
          picture.boundingBox(),
        ]);
        if (beside === null || drawn === null) throw new RangeError('not in view');
        const middle = ({ y, height }: typeof drawn): number => y + height / 2;
        expect(Math.abs(middle(beside) - middle(drawn))).toBeLessThan(1);
        expect(beside.x + beside.width).toBeLessThan(drawn.x);
      }
      expect(await accessibilityViolations(opened)).toEqual([]);
      await page.screenshot({ path: `test-results/panel-training-${theme}.png` });
      await page.getByRole('button', { name: 'Pause' }).click();
      await expect.poll(() => received).toContainEqual({ kind: 'pause-training' });

      const failed = { ...trainingAt(730, 'failed'), problem: 'The process stopped.' };
      await opened.show(report, { training: failed });
      await page.getByRole('alert').getByText('The process stopped.').waitFor();
      await page.getByText('it goes on from step 700').waitFor();
      await page.getByRole('button', { name: 'Resume' }).press('Enter');
      await expect.poll(() => received).toContainEqual({ kind: 'train' });

      await opened.show(report, { training: { ...trainingAt(1500, 'trained'), key: 'k' } });
      await page.getByRole('heading', { name: 'The manifold is trained' }).waitFor();
      const runs = page
        .locator('assay-training-section')
        .getByRole('button', { name: 'Run audit' });
      await runs.click();
      await expect.poll(() => received).toContainEqual({ kind: 'run' });

      // Once the report is made with it there is nothing more to say.
      await opened.show(reportWithManifold(20), {
        training: { ...trainingAt(1500, 'trained'), key: 'k' },
      });
      await page.locator('assay-training-section').waitFor({ state: 'detached' });
    },
  );

  test('what was chosen survives a restart', async () => {
    const first = await open();
    await first.show(sampleReport(30));
    await first.page.locator(rows).nth(2).click();
    await first.page.getByText('Sample 2, label 2').waitFor();
    const state = await first.keptState();
    expect(state).toMatchObject({ selected: 2, modelUri: 'file:///model.json' });
    await first.page.close();
    const second = await open({ state });
    await second.show(sampleReport(30));
    await second.page.getByText('Sample 2, label 2').waitFor();
  });
});

function isSorted(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value >= (values[i - 1] ?? -Infinity));
}
