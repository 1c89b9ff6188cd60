import type { ModelFile } from '../config/model-file.ts';

/** Where the text of a `model.json` names a weight shard; without the quotes. */
export interface ShardName {
  /** Relative to the folder of the file. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Finds the shards of a model in its text. The topology before them may have megabytes, so that it
 * is searched from the end instead of parsed: the manifest stands behind it.
 */
export function findShardNames(text: string, { shards }: ModelFile): ShardName[] {
  return [...new Set(shards)].flatMap(name => {
    const quoted = JSON.stringify(name);
    const offset = text.lastIndexOf(quoted);
    return offset === -1 ? [] : [{ name, offset: offset + 1, length: quoted.length - 2 }];
  });
}
