import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Workbench } from '../host/workbench.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

/** `npm run screenshots` has them written to where the README shows them. */
const folder = process.env['ASSAY_SCREENSHOTS'] ?? 'test-results/screenshots';

/** Writes what the window shows, once in the dark and once in the light theme. */
export async function takeScreenshots(workbench: Workbench, name: string): Promise<void> {
  const target = join(projectFolder, folder);
  await mkdir(target, { recursive: true });
  for (const theme of ['light', 'dark'] as const) {
    await workbench.useTheme(theme);
    await workbench.screenshot(join(target, `${name}-${theme}.png`));
  }
}
