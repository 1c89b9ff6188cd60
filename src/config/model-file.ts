import { readFile, stat } from 'node:fs/promises';

/** A `model.json` as far as one needs no tensors for it. */
export interface ModelFile {
  /** Paths of the weight shards as the manifest has them, relative to the folder of the file. */
  readonly shards: readonly string[];
}

/** Larger files are not a model's topology but something else that has the same name. */
const maximumBytes = 256 * 1024 * 1024;

/**
 * Whether the text is that of a TensorFlow.js model: many other files are called `model.json`. A
 * quick look for menus and lenses; whether the model is sound, loading it tells.
 */
export function recogniseModelFile(text: string): ModelFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !isRecord(value['modelTopology'])) return undefined;
  const manifest = value['weightsManifest'];
  if (!Array.isArray(manifest)) return undefined;
  const shards = manifest.flatMap((group: unknown) =>
    isRecord(group) && Array.isArray(group['paths']) ? (group['paths'] as unknown[]) : [],
  );
  return { shards: shards.filter(path => typeof path === 'string') };
}

/** As {@link recogniseModelFile}, of a file; undefined too when it cannot be read. */
export async function readModelFile(path: string): Promise<ModelFile | undefined> {
  try {
    const { size } = await stat(path);
    return size > maximumBytes ? undefined : recogniseModelFile(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
