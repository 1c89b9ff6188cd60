import { mkdir, open, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as layers from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeError } from '../../src/errors/assay-error.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import {
  graphModelFiles,
  layersModelFiles,
  writeModel,
  type ModelFile,
  type ModelFiles,
} from '../fixtures/write-model.ts';

const convertAgain = 'Convert the model again.';
const chooseConverted =
  'Convert it with tensorflowjs_converter and choose the model.json that it writes.';

let dense: ModelFiles;

beforeAll(async () => {
  await openEngine({ name: 'cpu' });
  dense = await layersModelFiles(
    layers.sequential({
      layers: [layers.layers.dense({ units: 3, inputShape: [4], name: 'only_layer' })],
    }),
  );
});

/** The dense model with something of its JSON changed. */
function changed(change: (json: ModelFile) => void): ModelFiles {
  const json = structuredClone(dense.json);
  change(json);
  return { json, shards: dense.shards };
}

const shardName = 'group1-shard1of1.bin';
const shardBytes = 4 * (4 * 3 + 3);

async function failure(path: string): Promise<unknown> {
  return readSavedModel(path).then(
    () => 'no problem',
    (error: unknown) => error,
  );
}

function problem(
  code: string,
  message: string,
  place: object,
  remedy: string,
): Record<string, unknown> {
  return { code, message, place, remedy };
}

describe('a saved model', () => {
  test('of layers', async () => {
    const path = await writeModel(dense);
    const saved = await readSavedModel(path);
    expect(saved.format).toBe('layers-model');
    expect(saved.path).toBe(path);
    expect(saved.files).toEqual([path, join(dirname(path), shardName)]);
    expect(saved.weights).toEqual([
      { name: 'only_layer/kernel', shape: [4, 3], dtype: 'float32' },
      { name: 'only_layer/bias', shape: [3], dtype: 'float32' },
    ]);
    expect(new Uint8Array(saved.weightData)).toEqual(dense.shards.get(shardName));
    expect(saved.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test('without format, with a wrong one, with another layout of the JSON, with a byte order mark', async () => {
    const { fingerprint } = await readSavedModel(await writeModel(dense));
    for (const files of [
      changed(json => delete json.format),
      changed(json => (json.format = 'graph-model')),
    ]) {
      const saved = await readSavedModel(await writeModel(files));
      expect(saved.format).toBe('layers-model');
      expect(saved.fingerprint).toBe(fingerprint);
    }
    const path = await writeModel(dense);
    const spaced = JSON.stringify(reversed(dense.json), null, '\t').replaceAll(':', ' :\n');
    await writeFile(path, `\uFEFF${spaced}`);
    expect((await readSavedModel(path)).fingerprint).toBe(fingerprint);
  });

  test('as a graph, with its signature wherever the converter put it', async () => {
    const node = [{ name: 'x', op: 'Placeholder', attr: {} }];
    const signature = { inputs: { x: { name: 'x:0' } } };
    const files = graphModelFiles(node, []);
    expect((await readSavedModel(await writeModel(files))).signature).toBeUndefined();
    for (const place of [{ signature }, { userDefinedMetadata: { signature } }]) {
      const json = { ...files.json, ...place };
      const saved = await readSavedModel(await writeModel({ ...files, json }));
      expect(saved.format).toBe('graph-model');
      expect(saved.signature).toEqual(signature);
    }
  });

  test('in several shards and folders below its own', async () => {
    const bytes = dense.shards.get(shardName) as Uint8Array;
    const files = changed(json => {
      const [group] = json.weightsManifest;
      if (group !== undefined) group.paths = ['a.bin', 'weights/b.bin', './c.bin'];
    });
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'weights'));
    const shards = new Map([
      ['a.bin', bytes.subarray(0, 10)],
      ['weights/b.bin', bytes.subarray(10, 20)],
      ['c.bin', bytes.subarray(20)],
    ]);
    const saved = await readSavedModel(await writeModel({ ...files, shards }, folder));
    const whole = await readSavedModel(await writeModel(dense));
    expect(new Uint8Array(saved.weightData)).toEqual(bytes);
    expect(saved.fingerprint).toBe(whole.fingerprint);
    expect(saved.files).toHaveLength(4);
  });

  test('reached through a symbolic link', async () => {
    const path = await writeModel(dense);
    const link = join(await temporaryFolder(), 'link');
    await symlink(dirname(path), link);
    const saved = await readSavedModel(join(link, 'model.json'));
    expect(saved.weights).toHaveLength(2);
  });

  test('without weights', async () => {
    const files = changed(json => (json.weightsManifest = []));
    const saved = await readSavedModel(await writeModel({ ...files, shards: new Map() }));
    expect(saved.weightData.byteLength).toBe(0);
  });

  test('has another fingerprint with any other weight, name or topology', async () => {
    const bytes = Uint8Array.from(dense.shards.get(shardName) as Uint8Array);
    bytes[shardBytes - 4] = (bytes[shardBytes - 4] as number) ^ 1;
    const variants: ModelFiles[] = [
      dense,
      { ...dense, shards: new Map([[shardName, bytes]]) },
      changed(json =>
        (json.weightsManifest[0] as { weights: { name: string }[] }).weights.reverse(),
      ),
      changed(json => (json.modelTopology = { ...(json.modelTopology as object), other: 1 })),
    ];
    const fingerprints = await Promise.all(
      variants.map(async files => (await readSavedModel(await writeModel(files))).fingerprint),
    );
    expect(new Set(fingerprints).size).toBe(variants.length);
  });
});

/** The same JSON with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}

describe('shards that are not as the manifest says', () => {
  test('missing', async () => {
    const path = await writeModel({ ...dense, shards: new Map() });
    const shard = join(dirname(path), shardName);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/shard-missing',
        `The shard ${shardName} is missing.`,
        { file: shard },
        `Copy ${shardName} into the folder of the model.json.`,
      ),
    );
    await mkdir(shard);
    expect(await failure(path)).toMatchObject({ code: 'model/shard-missing' });
  });

  test('none at all', async () => {
    const files = changed(json => (json.weightsManifest[0] as { paths: string[] }).paths.splice(0));
    const path = await writeModel(files);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/shard-missing',
        'The manifest lists weights of 60 bytes, but no shard that holds them.',
        { file: path, field: 'weightsManifest' },
        convertAgain,
      ),
    );
  });

  test('truncated', async () => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    await truncate(shard, 59);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/shard-truncated',
        'The shard has 59 bytes, but the manifest asks for 60.',
        { file: shard },
        'It was not copied or downloaded completely: fetch it again.',
      ),
    );
  });

  test('too long', async () => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    await truncate(shard, 64);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/shard-too-long',
        'The shard has 64 bytes, but the manifest asks for 60.',
        { file: shard },
        'It belongs to another model: copy the shards that were saved with this model.json.',
      ),
    );
  });

  test('of several, the one to blame is named', async () => {
    const files = changed(json => {
      (json.weightsManifest[0] as { paths: string[] }).paths = ['a', 'b', 'c'];
    });
    const bytes = dense.shards.get(shardName) as Uint8Array;
    const shards = new Map([
      ['a', bytes.subarray(0, 20)],
      ['b', bytes.subarray(20, 37)],
      ['c', bytes.subarray(40)],
    ]);
    const path = await writeModel({ ...files, shards });
    expect(await failure(path)).toMatchObject({
      code: 'model/shard-truncated',
      message: 'The shard has 17 bytes, but the manifest asks for 20.',
      place: { file: join(dirname(path), 'b') },
    });
  });

  test('strings that run over the end', async () => {
    const weights = [{ name: 's', shape: [2], dtype: 'string' as const }];
    const files: ModelFiles = {
      json: {
        modelTopology: { node: [] },
        weightsManifest: [{ paths: ['s.bin'], weights }],
      },
      shards: new Map([['s.bin', Uint8Array.of(1, 0, 0, 0, 97, 200, 0, 0, 0, 98)]]),
    };
    const path = await writeModel(files);
    expect(await failure(path)).toMatchObject({
      code: 'model/shard-truncated',
      message: 'The shard has 10 bytes, but the manifest asks for 209.',
    });
  });

  test.each(['../outside.bin', '/etc/hostname', 'a/../../outside.bin', '..', ''])(
    'outside of the folder: %s',
    async name => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, 'outside.bin'), dense.shards.get(shardName) as Uint8Array);
      const files = changed(json => {
        (json.weightsManifest[0] as { paths: string[] }).paths = [name];
      });
      const path = await writeModel({ ...files, shards: new Map() }, join(folder, 'model'));
      expect(await failure(path)).toMatchObject(
        problem(
          'model/shard-outside',
          `The shard ${name} lies outside the folder of the model and is not opened.`,
          { file: path, field: 'weightsManifest' },
          'Keep the shards in the folder of the model.json.',
        ),
      );
    },
  );

  test('a symbolic link out of the folder', async () => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    const outside = join(await temporaryFolder(), 'outside.bin');
    await rename(shard, outside);
    await symlink(outside, shard);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/shard-outside',
        `The shard ${shardName} lies outside the folder of the model and is not opened.`,
        { file: path, field: 'weightsManifest' },
        'Keep the shards in the folder of the model.json.',
      ),
    );
  });

  test('a symbolic link inside the folder is followed', async () => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    await rename(shard, join(dirname(path), 'elsewhere.bin'));
    await symlink('elsewhere.bin', shard);
    expect((await readSavedModel(path)).weightData.byteLength).toBe(shardBytes);
  });
});

const lfsPointer =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 60\n';
const dvcFile = 'outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 60\n  path: weights.bin\n';

describe('files that were not downloaded', () => {
  test.each([
    [lfsPointer, 'a Git LFS pointer, not the file itself', 'Run `git lfs pull`.'],
    [dvcFile, 'tracked by DVC and not downloaded', 'Run `dvc pull`.'],
  ])('%s', async (content, what, remedy) => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    await writeFile(shard, content);
    expect(await failure(path)).toMatchObject(
      problem('model/not-downloaded', `The shard is ${what}.`, { file: shard }, remedy),
    );
    await writeFile(path, content);
    expect(await failure(path)).toMatchObject(
      problem('model/not-downloaded', `The model is ${what}.`, { file: path }, remedy),
    );
  });

  test('only the .dvc file beside them', async () => {
    const path = await writeModel(dense);
    const shard = join(dirname(path), shardName);
    await rename(shard, `${shard}.dvc`);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-downloaded',
        'The shard is tracked by DVC and not downloaded.',
        { file: shard },
        'Run `dvc pull`.',
      ),
    );
    await rename(path, `${path}.dvc`);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-downloaded',
        'The model is tracked by DVC and not downloaded.',
        { file: path },
        'Run `dvc pull`.',
      ),
    );
  });
});

describe('what is no TensorFlow.js model', () => {
  test('nothing', async () => {
    const path = join(await temporaryFolder(), 'model.json');
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-found',
        'There is no such file.',
        { file: path },
        'Give the path of the model.json of a saved model.',
      ),
    );
  });

  test.each<[string, string | Buffer, string]>([
    ['model.onnx', '\x08\x07', 'an ONNX model'],
    ['model.h5', '\x89HDF\r\n\x1a\n', 'a Keras model in HDF5'],
    ['model.json', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'a Keras model in HDF5'],
    ['model.keras', 'PK\x03\x04', 'a Keras 3 model'],
    ['saved_model.pb', '\x08\x01', 'a TensorFlow SavedModel'],
    ['model.tflite', '\x1c\x00\x00\x00TFL3', 'a TensorFlow Lite model'],
    ['model.bin', '\x1c\x00\x00\x00TFL3', 'a TensorFlow Lite model'],
    ['model.pth', 'PK\x03\x04', 'a PyTorch model'],
    ['model.json', 'PK\x03\x04', 'a zip archive (a Keras 3, PyTorch or NumPy file, say)'],
    ['model.json', '[1, 2]', 'a JSON array'],
    ['model.json', '"text"', 'a single JSON value'],
    ['model.json', '{"name": "x", "version": "1.0.0"}', 'another JSON file'],
    [
      'face_expression_model-weights_manifest.json',
      '[{"weights":[{"name":"dense0/conv0/filters","shape":[3,3,3,32],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.005,"min":-0.7}}],"paths":["face_expression_model.bin"]}]',
      'a manifest of weights without a topology, as face-api has them',
    ],
    [
      'config.json',
      '{"class_name": "Sequential", "config": {"layers": []}}',
      'a Keras configuration without weights',
    ],
    [
      'metadata.json',
      '{"tfjsVersion": "1.3.1", "labels": []}',
      'the metadata of a Teachable Machine model',
    ],
    ['model.json', '{"modelTopology": {"node": []}}', 'a topology without weights'],
    ['model.json', '{"weightsManifest": []}', 'a manifest of weights without a topology'],
    ['model.json', '{"modelTopology": null, "weightsManifest": []}', 'weights without a topology'],
  ])('%s: %s', async (name, content, what) => {
    const path = join(await temporaryFolder(), name);
    await writeFile(path, content, 'latin1');
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-tfjs',
        `This is not a TensorFlow.js model but ${what}.`,
        { file: path },
        chooseConverted,
      ),
    );
  });

  test('a folder', async () => {
    const path = await temporaryFolder();
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-tfjs',
        'This is not a TensorFlow.js model but a folder.',
        { file: path },
        chooseConverted,
      ),
    );
  });

  test.each(['', '{"modelTopology":', 'import tensorflow'])('no JSON: %s', async content => {
    const path = join(await temporaryFolder(), 'model.json');
    await writeFile(path, content);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/not-tfjs',
        'This is not a TensorFlow.js model: it is no JSON.',
        { file: path },
        'Choose the model.json of a saved model.',
      ),
    );
  });
});

describe('a model.json with a wrong part', () => {
  test.each<[string, (json: ModelFile) => void, string, string]>([
    [
      'topology',
      json => (json.modelTopology = {}),
      'The topology is neither a Keras configuration (class_name) nor a graph (node).',
      'modelTopology',
    ],
    [
      'topology type',
      json => (json.modelTopology = 'text'),
      'The value of modelTopology must be Object, but is "text".',
      'modelTopology',
    ],
    [
      'shape',
      json => (weight(json)['shape'] = [4, -3]),
      'The value of weightsManifest.0.weights.0.shape.1 must be >=0, but is -3.',
      'weightsManifest.0.weights.0.shape.1',
    ],
    [
      'dtype',
      json => (weight(json)['dtype'] = 'int4'),
      'The value of weightsManifest.0.weights.0.dtype must be ("float32" | "int32" | "bool" | "complex64" | "string"), but is "int4".',
      'weightsManifest.0.weights.0.dtype',
    ],
    [
      'quantisation',
      json => (weight(json)['quantization'] = { dtype: 'uint8', min: 0 }),
      'The value of weightsManifest.0.weights.0.quantization.scale must be "scale", but is nothing.',
      'weightsManifest.0.weights.0.quantization.scale',
    ],
    [
      'two weights of one name',
      json => (weight(json)['name'] = 'only_layer/bias'),
      'The manifest names the weight only_layer/bias twice.',
      'weightsManifest',
    ],
  ])('%s', async (_, change, message, field) => {
    const path = await writeModel(changed(change));
    expect(await failure(path)).toMatchObject(
      problem('model/invalid', message, { file: path, field }, convertAgain),
    );
  });
});

function weight(json: ModelFile): Record<string, unknown> {
  return json.weightsManifest[0]?.weights[0] as unknown as Record<string, unknown>;
}

describe('weights that are not finite', () => {
  test.each([NaN, Infinity, -Infinity])('%s in a layers model', async value => {
    const bytes = Uint8Array.from(dense.shards.get(shardName) as Uint8Array);
    new DataView(bytes.buffer).setFloat32(20, value, true);
    const path = await writeModel({ ...dense, shards: new Map([[shardName, bytes]]) });
    expect(await failure(path)).toMatchObject(
      problem(
        'model/weight-not-finite',
        'The weight only_layer/kernel is NaN or infinite in 1 of 12 values, the first at position 5.',
        { file: path, field: 'only_layer/kernel' },
        'The training diverged: save a model from before that.',
      ),
    );
  });

  test('half precision overflows to infinity', async () => {
    const path = await writeModel({
      json: {
        modelTopology: { node: [] },
        weightsManifest: [
          {
            paths: ['w'],
            weights: [
              { name: 'w', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
            ],
          },
        ],
      },
      shards: new Map([['w', Uint8Array.of(0, 0x3c, 0, 0x7c)]]),
    });
    expect(await failure(path)).toMatchObject({
      code: 'model/weight-not-finite',
      message: 'The weight w is NaN or infinite in 1 of 2 values, the first at position 1.',
    });
  });

  test('a graph may clip at infinity, but not at NaN', async () => {
    const clip = (value: number): ModelFiles =>
      graphModelFiles(
        [{ name: 'max', op: 'Const' }],
        [{ name: 'max', shape: [], values: [value] }],
      );
    const saved = await readSavedModel(await writeModel(clip(Infinity)));
    expect(saved.weights).toHaveLength(1);
    expect(await failure(await writeModel(clip(NaN)))).toMatchObject({
      code: 'model/weight-not-finite',
    });
  });

  test('what only the optimiser uses is not looked at', async () => {
    const bytes = Uint8Array.from(dense.shards.get(shardName) as Uint8Array);
    new DataView(bytes.buffer).setFloat32(20, NaN, true);
    const files = changed(json => (weight(json)['group'] = 'optimizer'));
    const path = await writeModel({ ...files, shards: new Map([[shardName, bytes]]) });
    expect((await readSavedModel(path)).weights).toHaveLength(2);
  });
});

describe('files that are too large are not read', () => {
  test('model.json', async () => {
    const path = await writeModel(dense);
    await truncate(path, 2 ** 28 + 1);
    expect(await failure(path)).toMatchObject(
      problem(
        'model/too-large',
        'The file has 268435457 bytes; at most 268435456 can be read.',
        { file: path },
        'Choose the model.json of a saved model.',
      ),
    );
  });

  test('weights', async () => {
    const files = changed(json => {
      json.weightsManifest = [
        { paths: [shardName], weights: [{ name: 'w', shape: [2 ** 29 + 1], dtype: 'float32' }] },
      ];
    });
    const path = await writeModel(files);
    const shard = await open(join(dirname(path), shardName), 'w');
    // A sparse file: it takes no room on the disk.
    await shard.truncate(2 ** 31 + 4);
    await shard.close();
    expect(await failure(path)).toMatchObject(
      problem(
        'model/too-large',
        'The weights take 2147483652 bytes; at most 2147483648 can be read.',
        { file: path },
        'Audit a smaller or quantised model.',
      ),
    );
  });

  test('a manifest that promises more than there is allocates nothing', async () => {
    const files = changed(json => (weight(json)['shape'] = [2 ** 40]));
    expect(await failure(await writeModel(files))).toMatchObject({
      code: 'model/shard-truncated',
      message: 'The shard has 60 bytes, but the manifest asks for 4398046511116.',
    });
  });
});

test('messages name files as the workspace does', async () => {
  const path = await writeModel({ ...dense, shards: new Map() });
  const workspaceFolder = dirname(dirname(path));
  const problem: unknown = await readSavedModel(path, { workspaceFolder }).catch(
    (error: unknown) => error,
  );
  const folder = path.split('/').at(-2) ?? '';
  expect(describeError(problem)).toBe(
    `${folder}/${shardName}: The shard ${shardName} is missing. Copy ${shardName} into the folder of the model.json.`,
  );
  await rm(path);
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});
