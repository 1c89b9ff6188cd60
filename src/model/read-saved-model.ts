import { open, stat, type FileHandle } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import {
  dvcCompanion,
  maximumPointerBytes,
  missingButTrackedByDvc,
  recognisePointer,
} from '../data/pointer-file.ts';
import { recogniseForeignModel } from './foreign-model.ts';
import { ModelError } from './model-error.ts';
import { fingerprintModel } from './model-fingerprint.ts';
import { notTfjs, parseModelJson } from './model-json.ts';
import type { SavedModel, WeightEntry } from './saved-model.ts';
import { readShards } from './weight-shards.ts';
import { decodeWeight, locateWeights } from './weight-values.ts';
import { counted } from '../wording/counted.ts';

/** Longer files cannot become a string, and no topology is so long. */
const maximumJsonBytes = 2 ** 28;

export interface ReadModelOptions {
  /** Messages show paths relative to this folder where they lie in it. */
  readonly workspaceFolder?: string;
}

/**
 * Reads and checks a saved model without making a tensor of it: `model.json`, and the shards in its
 * folder. Both formats of TensorFlow.js, quantised or not, with every dtype of the format.
 *
 * @param modelJsonPath path of the `model.json`
 * @throws ModelError for everything that can be wrong with the files, see its codes
 */
export async function readSavedModel(
  modelJsonPath: string,
  options: ReadModelOptions = {},
): Promise<SavedModel> {
  const path = resolve(modelJsonPath);
  const nameFile = (file: string): string => shorten(file, options.workspaceFolder);

  const text = await readModelJson(path, nameFile);
  const { format, topology, signature, groups } = parseModelJson(text, nameFile(path));
  const { data: weightData, files } = await readShards(path, groups, nameFile);
  const weights = groups.flatMap(group => group.weights);
  refuseNonFinite(format, weights, weightData, nameFile(path));

  const model = { path, format, topology, signature, weights, weightData };
  return { ...model, fingerprint: fingerprintModel(model), files: [path, ...files] };
}

function shorten(file: string, workspaceFolder: string | undefined): string {
  if (workspaceFolder === undefined) return file;
  const way = relative(workspaceFolder, file);
  return way.startsWith('..') || isAbsolute(way) ? file : way;
}

async function readModelJson(path: string, nameFile: (path: string) => string): Promise<string> {
  const place = { file: nameFile(path) };
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw await notFound(path, place.file);
  if (!stats.isFile()) throw notTfjs('a folder', place.file);

  const file = await open(path, 'r');
  try {
    const firstBytes = await readFirstBytes(file);
    const pointer = recognisePointer(firstBytes);
    if (pointer !== undefined) {
      throw new ModelError('model/not-downloaded', `The model is ${pointer.description}.`, {
        place,
        remedy: pointer.remedy,
      });
    }
    const foreign = recogniseForeignModel(path, firstBytes);
    if (foreign !== undefined) throw notTfjs(foreign, place.file);
    if (stats.size > maximumJsonBytes) {
      throw new ModelError(
        'model/too-large',
        `The file has ${stats.size} bytes; at most ${maximumJsonBytes} can be read.`,
        { place, remedy: 'Choose the model.json of a saved model.' },
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function readFirstBytes(file: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(
    new Uint8Array(maximumPointerBytes),
    0,
    maximumPointerBytes,
    0,
  );
  return buffer.subarray(0, bytesRead);
}

async function notFound(path: string, file: string): Promise<ModelError> {
  const tracked = await stat(dvcCompanion(path)).catch(() => undefined);
  if (tracked === undefined) {
    return new ModelError('model/not-found', 'There is no such file.', {
      place: { file },
      remedy: 'Give the path of the model.json of a saved model.',
    });
  }
  const { description, remedy } = missingButTrackedByDvc;
  return new ModelError('model/not-downloaded', `The model is ${description}.`, {
    place: { file },
    remedy,
  });
}

/**
 * A weight that is not finite makes every answer NaN. Only a single infinite constant of a graph is
 * let through: it is the open end of a clip.
 */
function refuseNonFinite(
  format: SavedModel['format'],
  weights: readonly WeightEntry[],
  data: ArrayBuffer,
  file: string,
): void {
  for (const located of locateWeights(weights, data)) {
    const { entry } = located;
    const alwaysFinite = entry.quantization !== undefined && entry.quantization.dtype !== 'float16';
    if (entry.group === 'optimizer' || entry.dtype !== 'float32' || alwaysFinite) continue;
    const values = decodeWeight(located, data) as Float32Array;
    const openEnd = format === 'graph-model' && values.length === 1 && !Number.isNaN(values[0]);
    const wrong = countNonFinite(values);
    if (wrong.count === 0 || openEnd) continue;
    throw new ModelError(
      'model/weight-not-finite',
      `The weight ${entry.name} is NaN or infinite in ${wrong.count} of ${counted(values.length, 'value')}, the first at position ${wrong.first}.`,
      {
        place: { file, field: entry.name },
        remedy: 'The training diverged: save a model from before that.',
      },
    );
  }
}

function countNonFinite(values: Float32Array): { readonly count: number; readonly first: number } {
  let count = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    if (count === 0) first = i;
    count++;
  }
  return { count, first };
}
