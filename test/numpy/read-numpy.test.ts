import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openNpy, openNpz } from '../../src/numpy/open-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

/** Files of this folder were made by NumPy itself, see make.py there. */
const fixtures = join(import.meta.dirname, '../fixtures/numpy');
const fixture = (name: string): string => join(fixtures, name);

const counting = Array.from({ length: 24 }, (_, i) => i);

/** What make.py stores with each dtype. */
function storedValues(kind: string): number[] {
  if (kind === 'f') return counting.map(i => (i - 12) / 2);
  if (kind === 'i') return counting.map(i => i - 12);
  return counting;
}

const types = [
  ['f2', 'float16', Float32Array],
  ['f4', 'float32', Float32Array],
  ['f8', 'float64', Float64Array],
  ['u1', 'uint8', Uint8Array],
  ['u2', 'uint16', Uint16Array],
  ['u4', 'uint32', Uint32Array],
  ['u8', 'uint64', Float64Array],
  ['i1', 'int8', Int8Array],
  ['i2', 'int16', Int16Array],
  ['i4', 'int32', Int32Array],
  ['i8', 'int64', Float64Array],
] as const;

describe('an array of NumPy', () => {
  for (const order of ['little', 'big']) {
    test.each(types)(`${order}-endian %s is read as %s`, async (code, dtype, container) => {
      const array = await openNpy(fixture(`${order}-${code}.npy`));
      expect(array.shape).toEqual([2, 3, 4]);
      expect(array.dtype).toBe(dtype);
      expect(array.rowCount).toBe(2);
      expect(array.rowSize).toBe(12);
      const values = await array.readRows(0, 2);
      expect(values).toBeInstanceOf(container);
      expect([...values]).toEqual(storedValues(code.charAt(0)));
    });
  }

  test.each(['version-2.npy', 'version-3.npy', 'fortran.npy'])('%s', async name => {
    const array = await openNpy(fixture(name));
    expect([...(await array.readRows(0, 2))]).toEqual(counting);
    expect([...(await array.gatherRows([1, 0, 1]))]).toEqual([
      ...counting.slice(12),
      ...counting.slice(0, 12),
      ...counting.slice(12),
    ]);
  });

  test('booleans are 0 and 1', async () => {
    const array = await openNpy(fixture('bool.npy'));
    expect([...(await array.readRows(0, 2))]).toEqual(counting.map(i => Number(i % 3 === 0)));
  });

  test('half precision has signed zero, subnormals, infinities and NaN', async () => {
    const array = await openNpy(fixture('half-specials.npy'));
    const values = [...(await array.readRows(0, 8))];
    expect(values).toEqual([0, -0, 2 ** -24, 65504, Infinity, -Infinity, NaN, 0.0999755859375]);
  });

  test('one number is one row', async () => {
    const array = await openNpy(fixture('scalar.npy'));
    expect(array.shape).toEqual([]);
    expect([...(await array.readRows(0, 1))]).toEqual([1.5]);
  });

  test('no rows', async () => {
    const array = await openNpy(fixture('empty.npy'));
    expect(array.shape).toEqual([0, 3]);
    expect([...(await array.readRows(0, 0))]).toEqual([]);
  });

  test('any rows in any order', async () => {
    const array = await openNpy(fixture('vector.npy'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 })), async indices => {
        expect([...(await array.gatherRows(indices))]).toEqual(indices);
      }),
    );
  });

  test('a row that there is not', async () => {
    const array = await openNpy(fixture('vector.npy'));
    await expect(array.readRows(3, 6)).rejects.toThrow(new RangeError('there is no row 5 among 5'));
  });
});

describe('an archive of NumPy', () => {
  test.each(['stored.npz', 'compressed.npz', 'zip64.npz'])('%s', async name => {
    const archive = await openNpz(fixture(name));
    expect(archive.names).toEqual(['x_test', 'y_test']);
    const inputs = await archive.array('x_test');
    expect(inputs.shape).toEqual([2, 3, 4]);
    expect([...(await inputs.gatherRows([1]))]).toEqual(counting.slice(12));
    const labels = await archive.array('y_test');
    expect([...(await labels.readRows(0, 2))]).toEqual([1, 0]);
  });
});

describe('what cannot be read says why', () => {
  const file = fixture.bind(undefined);

  test('no such file', async () => {
    const path = file('nowhere.npz');
    for (const open of [openNpz, openNpy]) {
      await expect(open(path)).rejects.toMatchObject({
        code: 'numpy/not-found',
        message: 'There is no such file.',
        place: { file: path },
      });
    }
  });

  test('a folder is no file', async () => {
    const folder = join(await temporaryFolder(), 'array.npy');
    await mkdir(folder);
    await expect(openNpy(folder)).rejects.toMatchObject({ code: 'numpy/not-found' });
  });

  test('another file', async () => {
    await expect(openNpy(file('make.py'))).rejects.toMatchObject({
      code: 'numpy/not-numpy',
      message: 'This is not an array of NumPy.',
      remedy: 'Save the array with numpy.save or numpy.savez.',
    });
    await expect(openNpz(file('make.py'))).rejects.toMatchObject({
      code: 'numpy/not-numpy',
      message: 'This is not an archive of NumPy: it is no zip file.',
      remedy: 'Save the arrays with numpy.savez.',
    });
  });

  test.each([
    ['complex.npy', 'The array holds values of type <c8, which are not read here.'],
    ['records.npy', 'The array holds records, which are not read here.'],
  ])('%s', async (name, message) => {
    await expect(openNpy(file(name))).rejects.toMatchObject({
      code: 'numpy/unsupported',
      message,
      remedy: 'Save it as numbers, with array.astype("float32") for example.',
    });
  });

  test('an integer that JavaScript cannot hold', async () => {
    const array = await openNpy(file('int64-too-large.npy'));
    await expect(array.readRows(0, 2)).rejects.toMatchObject({
      code: 'numpy/value-too-large',
      message: 'The integer 1152921504606846976 cannot be held exactly.',
    });
  });

  test('an array of another name', async () => {
    const archive = await openNpz(file('stored.npz'));
    await expect(archive.array('x_train')).rejects.toMatchObject({
      code: 'numpy/array-missing',
      message: 'The archive has no array x_train.',
      place: { file: file('stored.npz'), field: 'x_train' },
      remedy: 'Name one that it has: x_test, y_test.',
    });
  });

  test('an array that ends too early', async () => {
    const path = join(await temporaryFolder(), 'short.npy');
    await writeFile(path, readFileSync(file('little-f4.npy')).subarray(0, 200));
    await expect(openNpy(path)).rejects.toMatchObject({
      code: 'numpy/corrupt',
      message: 'The array of shape [2, 3, 4] takes 224 bytes, but there are 200.',
      remedy: 'The file was not written or copied completely: make it again.',
    });
  });

  test('an archive cut anywhere, or with any byte changed, never crashes and never hangs', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'damaged.npz');
    const readAll = async (): Promise<void> => {
      const archive = await openNpz(path);
      for (const name of archive.names) {
        const array = await archive.array(name);
        await array.readRows(0, array.rowCount);
      }
    };
    const whole = ['stored.npz', 'compressed.npz', 'zip64.npz'].map(name =>
      readFileSync(file(name)),
    );
    const ours = expect.stringMatching(/^numpy\//) as unknown;
    const damage = fc.record({
      bytes: fc.constantFrom(...whole),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async ({ bytes, cut, at, by }, cutting) => {
        const damaged = Buffer.from(cutting ? bytes.subarray(0, cut * bytes.length) : bytes);
        const position = Math.floor(at * damaged.length);
        if (!cutting) damaged[position] = ((damaged[position] as number) + by) % 256;
        await writeFile(path, damaged);
        const problem: unknown = await readAll().catch((error: unknown) => error);
        if (problem !== undefined) expect(problem).toMatchObject({ code: ours });
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('a compressed array with a wrong checksum', async () => {
    const bytes = readFileSync(file('compressed.npz'));
    const entry = bytes.indexOf('PK\x01\x02', 0, 'latin1');
    bytes.writeUInt32LE(bytes.readUInt32LE(entry + 16) ^ 1, entry + 16);
    const path = join(await temporaryFolder(), 'wrong.npz');
    await writeFile(path, bytes);
    const archive = await openNpz(path);
    await expect(archive.array('x_test')).rejects.toMatchObject({
      code: 'numpy/corrupt',
      message: 'The zip archive is damaged or incomplete.',
      place: { file: path, field: 'x_test.npy' },
    });
  });
});
