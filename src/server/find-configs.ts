import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { configFileName } from '../config/audit-config.ts';

const skippedFolders = new Set(['node_modules', 'dist', 'out', 'coverage']);
/** `projects/digits/assay.config.json` and a little more; data sets lie deeper or are large. */
const maximumDepth = 4;
const maximumFolders = 1000;
/** A folder with more entries holds data. */
const maximumEntries = 1000;

/**
 * The `assay.config.json` files near the root of a workspace folder, nearest first. Bounded in every
 * direction: it must cost nothing in a folder of a million pictures.
 *
 * @param root absolute path
 */
export async function findConfigs(root: string): Promise<string[]> {
  const configs: string[] = [];
  let level = [root];
  let visited = 0;
  for (let depth = 0; depth <= maximumDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > maximumFolders) return configs;
      const { hasConfig, folders } = await look(folder);
      if (hasConfig) configs.push(join(folder, configFileName));
      next.push(...folders);
    }
    level = next;
  }
  return configs;
}

async function look(folder: string): Promise<{ hasConfig: boolean; folders: string[] }> {
  const folders: string[] = [];
  let hasConfig = false;
  let entries = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (++entries > maximumEntries) break;
      if (entry.isFile() && entry.name === configFileName) hasConfig = true;
      // Links are not followed: they may lead in circles, or out of the workspace.
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skippedFolders.has(entry.name)) {
        folders.push(join(folder, entry.name));
      }
    }
  } catch {
    // A folder that may not be read holds nothing for us.
  }
  return { hasConfig, folders: folders.sort() };
}
