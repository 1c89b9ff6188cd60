import { createRequire } from 'node:module';
import { join } from 'node:path';

/** An optional package that is there. */
export interface InstalledPackage {
  /** Absolute path of the file that is loaded. */
  readonly path: string;
  /** Loads it. */
  load(): unknown;
}

/**
 * Looks for a package as Node.js would from each of the folders.
 *
 * @param name of the package
 * @param folders absolute; the first that has the package wins
 * @returns nothing when none has it
 */
export function findPackage(
  name: string,
  folders: readonly string[],
): InstalledPackage | undefined {
  for (const folder of folders) {
    const require = createRequire(join(folder, 'package.json'));
    try {
      const path = require.resolve(name);
      return { path, load: () => require(path) as unknown };
    } catch {
      // Not from this folder.
    }
  }
  return undefined;
}
