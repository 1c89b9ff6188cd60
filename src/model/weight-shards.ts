import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import {
  dvcCompanion,
  maximumPointerBytes,
  missingButTrackedByDvc,
  recognisePointer,
} from '../data/pointer-file.ts';
import { ModelError } from './model-error.ts';
import type { WeightGroup } from './model-json.ts';
import { locateWeights, storedByteLength } from './weight-values.ts';

/** Weights beyond this do not fit beside the tensors made of them. */
export const maximumWeightBytes = 2 ** 31;

interface Shard {
  /** As the manifest names it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** A group of the manifest with its shards found on disk. */
interface FoundGroup {
  readonly group: WeightGroup;
  readonly shards: readonly Shard[];
}

/** The content of all shards, one after another. */
export interface ShardContents {
  readonly data: ArrayBuffer;
  /** Absolute paths of the shards. */
  readonly files: readonly string[];
}

/**
 * Reads the shards of a model. Nothing outside the folder of the `model.json` is opened, whatever the
 * manifest says and wherever symbolic links lead, and every size is checked before bytes are read.
 *
 * @param modelPath absolute path of the `model.json`
 * @param nameFile path of a file as messages show it
 * @throws ModelError `model/shard-…`, `model/not-downloaded`, `model/too-large`
 */
export async function readShards(
  modelPath: string,
  groups: readonly WeightGroup[],
  nameFile: (path: string) => string,
): Promise<ShardContents> {
  const found: FoundGroup[] = [];
  for (const group of groups) {
    const shards: Shard[] = [];
    for (const name of group.paths) shards.push(await findShard(modelPath, name, nameFile));
    found.push({ group, shards });
  }
  for (const each of found) checkKnownSize(each, modelPath, nameFile);

  const shards = found.flatMap(each => each.shards);
  const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  if (total > maximumWeightBytes) {
    throw new ModelError(
      'model/too-large',
      `The weights take ${total} bytes; at most ${maximumWeightBytes} can be read.`,
      { place: { file: nameFile(modelPath) }, remedy: 'Audit a smaller or quantised model.' },
    );
  }

  const data = new ArrayBuffer(total);
  let offset = 0;
  for (const { group, shards: ofGroup } of found) {
    const start = offset;
    for (const shard of ofGroup) {
      await readInto(new Uint8Array(data, offset, shard.bytes), shard, nameFile);
      offset += shard.bytes;
    }
    checkStringsSize({ group, shards: ofGroup }, data.slice(start, offset), modelPath, nameFile);
  }
  return { data, files: shards.map(shard => shard.path) };
}

async function findShard(
  modelPath: string,
  name: string,
  nameFile: (path: string) => string,
): Promise<Shard> {
  const folder = await realpath(dirname(modelPath));
  const path = resolve(dirname(modelPath), name);
  if (!isInside(path, dirname(modelPath))) throw outside(name, modelPath, nameFile);

  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) throw await missing(name, path, nameFile);
  if (!isInside(target, folder)) throw outside(name, modelPath, nameFile);

  const stats = await stat(target);
  if (!stats.isFile()) throw await missing(name, path, nameFile);
  const shard = { name, path, bytes: stats.size };
  await refusePointer(shard, nameFile);
  return shard;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function refusePointer(shard: Shard, nameFile: (path: string) => string): Promise<void> {
  if (shard.bytes > maximumPointerBytes) return;
  const bytes = new Uint8Array(shard.bytes);
  await readInto(bytes, shard, nameFile);
  const pointer = recognisePointer(bytes);
  if (pointer === undefined) return;
  throw new ModelError('model/not-downloaded', `The shard is ${pointer.description}.`, {
    place: { file: nameFile(shard.path) },
    remedy: pointer.remedy,
  });
}

async function readInto(
  target: Uint8Array,
  shard: Shard,
  nameFile: (path: string) => string,
): Promise<void> {
  const file = await open(shard.path, 'r');
  try {
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await file.read(target, filled, target.length - filled, filled);
      if (bytesRead === 0) throw wrongSize(shard, target.length, filled, nameFile);
      filled += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Compares sizes where the manifest alone gives them, before anything is read. */
function checkKnownSize(
  { group, shards }: FoundGroup,
  modelPath: string,
  nameFile: (path: string) => string,
): void {
  const lengths = group.weights.map(storedByteLength);
  if (lengths.some(length => length === undefined)) return;
  const expected = lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
  checkSize(shards, expected, modelPath, nameFile);
}

/** Compares sizes where strings say their own length. */
function checkStringsSize(
  { group, shards }: FoundGroup,
  data: ArrayBuffer,
  modelPath: string,
  nameFile: (path: string) => string,
): void {
  const end = locateWeights(group.weights, data).at(-1)?.end ?? 0;
  checkSize(shards, end, modelPath, nameFile);
}

/**
 * The manifest gives only the size of all shards of a group together. Converters make all but the
 * last equally long, so the shard to blame is the first one that differs, or else the last.
 */
function checkSize(
  shards: readonly Shard[],
  expected: number,
  modelPath: string,
  nameFile: (path: string) => string,
): void {
  const found = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  if (found === expected) return;
  const suspect =
    shards.slice(0, -1).find(shard => shard.bytes !== shards[0]?.bytes) ?? shards.at(-1);
  if (suspect === undefined) {
    throw new ModelError(
      'model/shard-missing',
      `The manifest lists weights of ${expected} bytes, but no shard that holds them.`,
      {
        place: { file: nameFile(modelPath), field: 'weightsManifest' },
        remedy: 'Convert the model again.',
      },
    );
  }
  throw wrongSize(suspect, expected - (found - suspect.bytes), suspect.bytes, nameFile);
}

function wrongSize(
  shard: Shard,
  expected: number,
  found: number,
  nameFile: (path: string) => string,
): ModelError {
  const tooLong = found > expected;
  return new ModelError(
    tooLong ? 'model/shard-too-long' : 'model/shard-truncated',
    `The shard has ${found} bytes, but the manifest asks for ${expected}.`,
    {
      place: { file: nameFile(shard.path) },
      remedy: tooLong
        ? 'It belongs to another model: copy the shards that were saved with this model.json.'
        : 'It was not copied or downloaded completely: fetch it again.',
    },
  );
}

async function missing(
  name: string,
  path: string,
  nameFile: (path: string) => string,
): Promise<ModelError> {
  const tracked = await stat(dvcCompanion(path)).catch(() => undefined);
  if (tracked !== undefined) {
    const { description, remedy } = missingButTrackedByDvc;
    return new ModelError('model/not-downloaded', `The shard is ${description}.`, {
      place: { file: nameFile(path) },
      remedy,
    });
  }
  return new ModelError('model/shard-missing', `The shard ${name} is missing.`, {
    place: { file: nameFile(path) },
    remedy: `Copy ${basename(name)} into the folder of the model.json.`,
  });
}

function outside(name: string, modelPath: string, nameFile: (path: string) => string): ModelError {
  return new ModelError(
    'model/shard-outside',
    `The shard ${name} lies outside the folder of the model and is not opened.`,
    {
      place: { file: nameFile(modelPath), field: 'weightsManifest' },
      remedy: 'Keep the shards in the folder of the model.json.',
    },
  );
}
