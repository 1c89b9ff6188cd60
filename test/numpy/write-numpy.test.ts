import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NumpyValues } from '../../src/numpy/dtype.ts';
import { openNpy, openNpz } from '../../src/numpy/open-numpy.ts';
import { writeNpy, writeNpz } from '../../src/numpy/write-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const fixtures = join(import.meta.dirname, '../fixtures/numpy');
const counting = Array.from({ length: 24 }, (_, i) => i);
const signed = counting.map(i => i - 12);
const halves = signed.map(i => i / 2);

describe('writing an array', () => {
  test.each<[string, readonly number[], NumpyValues]>([
    ['little-f4.npy', [2, 3, 4], Float32Array.from(halves)],
    ['little-f8.npy', [2, 3, 4], Float64Array.from(halves)],
    ['little-u1.npy', [2, 3, 4], Uint8Array.from(counting)],
    ['little-u2.npy', [2, 3, 4], Uint16Array.from(counting)],
    ['little-u4.npy', [2, 3, 4], Uint32Array.from(counting)],
    ['little-i1.npy', [2, 3, 4], Int8Array.from(signed)],
    ['little-i2.npy', [2, 3, 4], Int16Array.from(signed)],
    ['little-i4.npy', [2, 3, 4], Int32Array.from(signed)],
    ['vector.npy', [5], Int32Array.from(counting.slice(0, 5))],
    ['scalar.npy', [], Float32Array.of(1.5)],
    ['empty.npy', [0, 3], new Float32Array()],
  ])('makes the bytes that NumPy makes: %s', async (name, shape, values) => {
    const path = join(await temporaryFolder(), name);
    await writeNpy(path, { shape, values });
    expect(readFileSync(path)).toEqual(readFileSync(join(fixtures, name)));
  });

  test('values that do not fill the shape', async () => {
    const path = join(await temporaryFolder(), 'wrong.npy');
    const array = { shape: [2, 2], values: new Float32Array(3) };
    await expect(writeNpy(path, array)).rejects.toThrow(
      new RangeError('3 values do not fill shape [2, 2]'),
    );
  });
});

describe('writing an archive', () => {
  test('what is written is read back, whatever the names and numbers', async () => {
    const path = join(await temporaryFolder(), 'round.npz');
    const array = fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 }))
      .chain(([rows, columns]) =>
        fc
          .float32Array({ minLength: rows * columns, maxLength: rows * columns })
          .map(values => ({ shape: [rows, columns], values })),
      );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), array), async arrays => {
        await writeNpz(path, arrays);
        const archive = await openNpz(path);
        expect([...archive.names].sort()).toEqual(Object.keys(arrays).sort());
        for (const [name, { shape, values }] of Object.entries(arrays)) {
          const read = await archive.array(name);
          expect(read.shape).toEqual(shape);
          expect(await read.readRows(0, read.rowCount)).toEqual(values);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('the entries are the files that NumPy stores', async () => {
    const path = join(await temporaryFolder(), 'entries.npz');
    await writeNpz(path, { 'little-f4': { shape: [2, 3, 4], values: Float32Array.from(halves) } });
    const bytes = readFileSync(path);
    expect(bytes.includes(readFileSync(join(fixtures, 'little-f4.npy')))).toBe(true);
  });

  test('the same arrays make the same bytes', async () => {
    const folder = await temporaryFolder();
    const arrays = { x: { shape: [2], values: Float32Array.of(1, 2) } };
    await writeNpz(join(folder, 'a.npz'), arrays);
    await writeNpz(join(folder, 'b.npz'), arrays);
    expect(readFileSync(join(folder, 'a.npz'))).toEqual(readFileSync(join(folder, 'b.npz')));
  });

  test('the old file stays until the new one is whole, and nothing else is left behind', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'kept.npz');
    await writeNpz(path, { x: { shape: [1], values: Float32Array.of(1) } });
    const before = readFileSync(path);
    const broken = { x: { shape: [2], values: Float32Array.of(1) } };
    await expect(writeNpz(path, broken)).rejects.toThrow(RangeError);
    expect(readFileSync(path)).toEqual(before);
    expect(await readdir(folder)).toEqual(['kept.npz']);
  });

  test('a folder that there is not', async () => {
    const path = join(await temporaryFolder(), 'nowhere', 'x.npy');
    const array = { shape: [1], values: Float32Array.of(1) };
    await expect(writeNpy(path, array)).rejects.toMatchObject({
      code: 'numpy/not-written',
      message: expect.stringMatching(/^The file cannot be written: ENOENT/) as unknown,
      place: { file: path },
    });
  });
});

/** Whether this user may mount a file system of their own, to fill it. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  test.skipIf(!canMount())('is said, and the old file stays', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'fill.mts');
    const source = (name: string): string => join(import.meta.dirname, '../../src', name);
    await writeFile(
      script,
      `import { readFileSync, readdirSync } from 'node:fs';
      import { writeNpy } from ${JSON.stringify(source('numpy/write-numpy.ts'))};
      import { describeError } from ${JSON.stringify(source('errors/assay-error.ts'))};
      await writeNpy('full/x.npy', { shape: [1], values: Float32Array.of(7) });
      const before = readFileSync('full/x.npy', 'latin1');
      const large = { shape: [1e6], values: new Float32Array(1e6) };
      const error = await writeNpy('full/x.npy', large).catch(error => error);
      const kept = readFileSync('full/x.npy', 'latin1') === before;
      console.log(JSON.stringify([error.code, describeError(error), kept, readdirSync('full')]));`,
    );
    const tsx = import.meta.resolve('tsx');
    const command = `mkdir full && mount -t tmpfs -o size=64k tmpfs full && "$0" --import "$1" "$2"`;
    const output = execFileSync(
      'unshare',
      ['-rm', 'sh', '-c', command, process.execPath, tsx, script],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(JSON.parse(output)).toEqual([
      'numpy/no-space',
      'full/x.npy: There is no space left on the disk. Free some space and run again; nothing was overwritten.',
      true,
      ['x.npy'],
    ]);
  });
});

test('what is written is what openNpy reads', async () => {
  const path = join(await temporaryFolder(), 'x.npy');
  await writeNpy(path, { shape: [3, 2], values: Float32Array.of(1, 2, 3, 4, 5, 6) });
  const array = await openNpy(path);
  expect([...(await array.gatherRows([2, 0]))]).toEqual([5, 6, 1, 2]);
});
