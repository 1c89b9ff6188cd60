import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSamples } from '../../src/data/open-samples.ts';
import type { InputLayout } from '../../src/data/samples.ts';
import expected from '../fixtures/pictures/expected.json' with { type: 'json' };
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

/** Pictures and their values were made by Pillow, see make.py there. */
const fixtures = join(import.meta.dirname, '../fixtures/pictures');

/** A folder of pictures; keys are paths in it, values names of fixtures or contents. */
async function pictureFolder(pictures: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, content] of Object.entries(pictures)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === 'string') await copyFile(join(fixtures, content), target);
    else await writeFile(target, content);
  }
  return folder;
}

const small: InputLayout = { shape: [4, 5, 1], bounds: [0, 255], classCount: 1 };

async function readOne(fixture: string, layout: InputLayout): Promise<number[]> {
  const folder = await pictureFolder({ [`a/${fixture}`]: fixture });
  const samples = await openSamples({ format: 'images', folder }, layout);
  return [...(await samples.read([0])).inputs.values];
}

async function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'no problem',
    (error: unknown) => error,
  );
}

describe('pictures have the values that Pillow reads', () => {
  const names = [
    'rgb.png',
    'grey.png',
    'opaque-alpha.png',
    'one-bit.png',
    'palette.png',
    'two-bit-palette.png',
  ] as const;

  test.each(names)('%s as grey and as RGB', async name => {
    expect(await readOne(name, small)).toEqual(expected[name].grey.flat());
    expect(await readOne(name, { ...small, shape: [4, 5] })).toEqual(expected[name].grey.flat());
    const rgb = await readOne(name, { ...small, shape: [4, 5, 3] });
    expect(rgb).toEqual(expected[name].rgb.flat(2));
  });

  test('16 bits', async () => {
    const exact = expected['sixteen-bit.png'].exact.flat().map(Math.fround);
    expect(await readOne('sixteen-bit.png', small)).toEqual(exact);
  });

  test('alpha, for a model that takes it', async () => {
    const values = await readOne('translucent.png', { ...small, shape: [4, 5, 4] });
    expect(values.filter((_, i) => i % 4 === 3 && values[i] !== 255)).toEqual([128]);
    expect(values[(2 * 5 + 3) * 4 + 3]).toBe(128);
  });

  test.each(['smooth.jpg', 'progressive.jpg', 'grey.jpg'] as const)('%s nearly', async name => {
    const large = { ...small, shape: [16, 16, 3] };
    const values = await readOne(name, large);
    const differences = expected[name].rgb
      .flat(2)
      .map((value, i) => Math.abs(value - (values[i] as number)));
    // Chroma of the progressive one is halved in both directions, and enlarged as decoders like.
    expect(Math.max(...differences)).toBeLessThanOrEqual(name === 'progressive.jpg' ? 24 : 2);
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(
      name === 'progressive.jpg' ? 5 : 0.6,
    );
  });
});

describe('classes and order', () => {
  const pictures = {
    'dog/2.png': 'grey.png',
    'cat/10.png': 'grey.png',
    'cat/9.PNG': 'rgb.png',
    'cat/notes.txt': Buffer.from('no picture'),
    'cat/.hidden.png': Buffer.from('nor this'),
    '.cache/1.png': 'grey.png',
    'readme.md': Buffer.from('nor this'),
  };

  test('folders are classes in alphabetical order, pictures in the order of their names', async () => {
    const folder = await pictureFolder(pictures);
    const samples = await openSamples({ format: 'images', folder }, { ...small, classCount: 2 });
    expect(samples.count).toBe(3);
    expect([0, 1, 2].map(i => samples.id(i))).toEqual(['cat/10.png', 'cat/9.PNG', 'dog/2.png']);
    expect(samples.files).toEqual(
      ['cat/10.png', 'cat/9.PNG', 'dog/2.png'].map(id => join(folder, id)),
    );
    expect([...(await samples.read([2, 1, 0])).labels]).toEqual([1, 0, 0]);
  });

  test('names of the configuration, and folders that are numbers', async () => {
    const folder = await pictureFolder(pictures);
    const layout = { ...small, classCount: 3, classNames: ['bird', 'dog', 'cat'] };
    const samples = await openSamples({ format: 'images', folder }, layout);
    expect([...(await samples.read([0, 1, 2])).labels]).toEqual([2, 2, 1]);

    const numbered = await pictureFolder({ '10/a.png': 'grey.png', '9/a.png': 'grey.png' });
    const many = await openSamples(
      { format: 'images', folder: numbered },
      { ...small, classCount: 11 },
    );
    expect([...(await many.read([0, 1])).labels]).toEqual([10, 9]);
  });

  test('another number of classes than the model', async () => {
    const folder = await pictureFolder(pictures);
    const problem = await failure(
      openSamples({ format: 'images', folder }, { ...small, classCount: 3 }),
    );
    expect(problem).toMatchObject({
      code: 'data/class-count-mismatch',
      message: 'The data have 2 classes (cat, dog), but the model has 3.',
      remedy: 'Name the classes in the order of the model in "classNames".',
    });
  });

  test('the fingerprint knows contents and names, not the folder', async () => {
    const fingerprint = async (files: Record<string, string | Buffer>): Promise<string> => {
      const folder = await pictureFolder(files);
      return (await openSamples({ format: 'images', folder }, { ...small, classCount: 2 }))
        .fingerprint;
    };
    const first = await fingerprint(pictures);
    expect(await fingerprint(pictures)).toBe(first);
    expect(await fingerprint({ ...pictures, 'dog/2.png': 'rgb.png' })).not.toBe(first);
    const { 'dog/2.png': moved, ...rest } = pictures;
    expect(await fingerprint({ ...rest, 'dog/3.png': moved })).not.toBe(first);
  });
});

describe('what cannot be read says why', () => {
  test('no such folder', async () => {
    const folder = join(await temporaryFolder(), 'nowhere');
    expect(await failure(openSamples({ format: 'images', folder }, small))).toMatchObject({
      code: 'data/not-found',
      message: 'There is no such folder.',
      place: { file: folder },
      remedy: 'Correct the path in the configuration.',
    });
  });

  test('no pictures', async () => {
    const folder = await pictureFolder({ 'a/notes.txt': Buffer.from('x'), '1.png': 'grey.png' });
    expect(await failure(openSamples({ format: 'images', folder }, small))).toMatchObject({
      code: 'data/empty',
      message: 'The folder has no subfolder with PNG or JPEG files.',
      place: { file: folder },
      remedy: 'Put the pictures of each class into a subfolder with the name of the class.',
    });
  });

  test('another size', async () => {
    const folder = await pictureFolder({ 'a/1.png': 'grey.png' });
    const samples = await openSamples(
      { format: 'images', folder },
      { ...small, shape: [28, 28, 1] },
    );
    expect(await failure(samples.read([0]))).toMatchObject({
      code: 'data/shape-mismatch',
      message: 'The picture has 5×4 pixels, but the model takes 28×28.',
      place: { file: join(folder, 'a/1.png') },
      remedy: 'Resize the pictures to 28×28.',
    });
  });

  test('a model that takes no pictures', async () => {
    const folder = await pictureFolder({ 'a/1.png': 'grey.png' });
    const problem = await failure(
      openSamples({ format: 'images', folder }, { ...small, shape: [784] }),
    );
    expect(problem).toMatchObject({
      code: 'data/shape-mismatch',
      message: 'Pictures have shape [height, width, 1, 3 or 4], but the model takes [784].',
      remedy: 'Give the data in another format, npz for example.',
    });
  });

  test('transparent pixels', async () => {
    const folder = await pictureFolder({ 'a/1.png': 'translucent.png' });
    const samples = await openSamples({ format: 'images', folder }, { ...small, shape: [4, 5, 3] });
    expect(await failure(samples.read([0]))).toMatchObject({
      code: 'data/transparent',
      message: 'The picture has transparent pixels.',
      place: { file: join(folder, 'a/1.png') },
      remedy:
        'Put it on the background that the model was trained with, and save it without alpha.',
    });
  });

  test.each(['rgb.png', 'two-bit-palette.png', 'smooth.jpg', 'progressive.jpg'])(
    '%s cut or changed anywhere is a picture or an error of ours',
    async name => {
      const whole = await readFile(join(fixtures, name));
      const side = name.endsWith('.jpg') ? [16, 16, 3] : [4, 5, 3];
      const folder = await pictureFolder({ [`a/${name}`]: whole });
      const file = join(folder, 'a', name);
      const ours = expect.stringMatching(/^data\//) as unknown;
      const samples = await openSamples({ format: 'images', folder }, { ...small, shape: side });
      for (let at = 8; at < whole.length; at += 7) {
        for (const bytes of [whole.subarray(0, at), Buffer.from(whole).fill(0xd9, at, at + 1)]) {
          await writeFile(file, bytes);
          const problem = await failure(samples.read([0]));
          if (problem !== 'no problem') expect(problem).toMatchObject({ code: ours });
        }
      }
    },
  );

  test('a picture that is none', async () => {
    const folder = await pictureFolder({
      'a/1.jpg': Buffer.from('GIF89a…'),
      'a/2.png': Buffer.from('\x89PNG\r\n', 'latin1'),
    });
    const samples = await openSamples({ format: 'images', folder }, small);
    expect(await failure(samples.read([0]))).toMatchObject({
      code: 'data/corrupt',
      message: 'The picture cannot be decoded as JPEG: SOI not found.',
      place: { file: join(folder, 'a/1.jpg') },
      remedy: 'Replace or remove the file.',
    });
    expect(await failure(samples.read([1]))).toMatchObject({
      code: 'data/corrupt',
      message: expect.stringMatching(/^The picture cannot be decoded as PNG: /) as unknown,
    });
  });

  test('a pointer of Git LFS', async () => {
    const pointer = Buffer.from(
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
    );
    const folder = await pictureFolder({ 'a/1.png': pointer });
    const samples = await openSamples({ format: 'images', folder }, small);
    expect(await failure(samples.read([0]))).toMatchObject({
      code: 'data/not-downloaded',
      message: 'The file is a Git LFS pointer, not the file itself.',
      place: { file: join(folder, 'a/1.png') },
      remedy: 'Run `git lfs pull`.',
    });
  });
});
