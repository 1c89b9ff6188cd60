import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readModelFile, type ModelFile } from '../config/model-file.ts';
import { parseConfig } from '../config/parse-config.ts';
import { findConfig, isInside, resolveConfig } from '../config/resolve-config.ts';
import { findConfigs } from './find-configs.ts';

interface KnownFile {
  /** Size and time when it was read. */
  readonly stamp: string;
  readonly model: ModelFile | undefined;
}

/**
 * Which folders the workspace has, which configurations are in them and which models those name.
 * Everything is remembered until a file says that it changed; nothing outside the folders is read.
 */
export class WorkspaceIndex {
  #folders: readonly string[];
  #configs: Promise<readonly string[]> | undefined;
  readonly #modelFiles = new Map<string, KnownFile>();

  /** @param folders absolute paths */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** Absolute paths of the workspace folders. */
  get folders(): readonly string[] {
    return this.#folders;
  }

  set folders(folders: readonly string[]) {
    this.#folders = folders;
    this.#configs = undefined;
  }

  /** A configuration was written, created or deleted. */
  forgetConfigs(): void {
    this.#configs = undefined;
  }

  /** The innermost workspace folder that a file lies in. */
  folderOf(path: string): string | undefined {
    return this.#folders
      .filter(folder => isInside(path, folder))
      .sort((a, b) => b.length - a.length)[0];
  }

  /** The configuration that applies to a file: the nearest one upwards inside the workspace. */
  async configOf(path: string): Promise<string | undefined> {
    const folder = this.folderOf(path);
    return folder === undefined ? undefined : await findConfig(dirname(path), folder);
  }

  /** What a file is, if it is a saved model of the workspace. */
  async modelFile(path: string): Promise<ModelFile | undefined> {
    if (this.folderOf(path) === undefined) return undefined;
    const entry = await stat(path).catch(() => undefined);
    if (entry?.isFile() !== true) return undefined;
    const stamp = `${entry.size} ${entry.mtimeMs}`;
    const known = this.#modelFiles.get(path);
    if (known?.stamp === stamp) return known.model;
    const model = await readModelFile(path);
    this.#modelFiles.set(path, { stamp, model });
    return model;
  }

  /** Absolute paths of the models that the configurations of the workspace name. */
  async configuredModels(): Promise<string[]> {
    this.#configs ??= this.#findConfigs();
    const models = await Promise.all((await this.#configs).map(modelsOf));
    return [...new Set(models.flat())];
  }

  async #findConfigs(): Promise<readonly string[]> {
    return (await Promise.all(this.#folders.map(findConfigs))).flat();
  }
}

async function modelsOf(configPath: string): Promise<readonly string[]> {
  try {
    const { config } = parseConfig(await readFile(configPath, 'utf8'));
    return config === undefined ? [] : resolveConfig(config, configPath).models;
  } catch {
    // What is wrong with it, the diagnostics of the open file say.
    return [];
  }
}
