import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Locator } from 'playwright-core';
import type { Workbench } from '../host/workbench.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

/** `npm run screenshots` has them written to where the README shows them. */
const folder = process.env['ASSAY_SCREENSHOTS'] ?? 'test-results/screenshots';

/** Whether the pictures are taken to be looked at, and not only to see that they can be. */
export const areForTheReadme = process.env['ASSAY_SCREENSHOTS'] !== undefined;

/** Writes what the window shows to `name-light.png`, and in the dark theme to `name.png`. */
export async function takeScreenshots(workbench: Workbench, name: string): Promise<void> {
  const target = join(projectFolder, folder);
  await mkdir(target, { recursive: true });
  await workbench.useTheme('light');
  await workbench.screenshot(join(target, `${name}-light.png`));
  await workbench.useTheme('dark');
  await workbench.screenshot(join(target, `${name}.png`));
}

/** Writes what the window shows in colours of high contrast to `name-high-contrast.png`. */
export async function takeHighContrastScreenshot(
  workbench: Workbench,
  name: string,
): Promise<void> {
  const target = join(projectFolder, folder);
  await mkdir(target, { recursive: true });
  await workbench.useHighContrast();
  await workbench.screenshot(join(target, `${name}-high-contrast.png`));
  await workbench.useTheme('dark');
}

/** Keeps what the window showed when a test failed, for whoever has to find out why. */
export async function keepFailure(workbench: Workbench, testName: string): Promise<void> {
  const name = testName.replaceAll(/\W+/g, '-');
  await workbench.screenshot(join(projectFolder, 'test-results', 'failures', `${name}.png`));
}

/** Scrolls so that an element is at the top, as far as there is something below it. */
export async function showAtTop(element: Locator): Promise<void> {
  await element.evaluate((node: unknown) => (node as { scrollIntoView(): void }).scrollIntoView());
}
