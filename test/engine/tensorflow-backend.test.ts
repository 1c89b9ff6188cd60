import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeError } from '../../src/errors/assay-error.ts';
import {
  isTensorflowInstalled,
  restoreNodeUtilities,
} from '../../src/engine/backends/tensorflow.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-tensorflow-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** A folder with an installation of the package that does this when it is loaded. */
async function installation(name: string, source: string): Promise<string> {
  const packageFolder = join(folder, name, 'node_modules/@tensorflow/tfjs-node');
  await mkdir(packageFolder, { recursive: true });
  await writeFile(join(packageFolder, 'package.json'), '{"main": "index.js"}');
  await writeFile(join(packageFolder, 'index.js'), source);
  return join(folder, name);
}

async function failure(moduleFolders: readonly string[]): Promise<unknown> {
  return openEngine({ name: 'tensorflow', moduleFolders }).catch((error: unknown) => error);
}

describe.skipIf(isTensorflowInstalled())('without the package', () => {
  test('the engine says what to install', async () => {
    const error = await failure([folder]);
    expect(error).toMatchObject({ code: 'engine/unavailable' });
    expect(describeError(error)).toContain('npm install @tensorflow/tfjs-node');
  });
});

describe('a broken installation', () => {
  test('is named, with the file and the way to mend it', async () => {
    const broken = await installation('broken', 'throw new Error("no tfjs_binding.node");');
    const error = await failure([broken]);
    expect(error).toMatchObject({ code: 'engine/unavailable' });
    expect(describeError(error)).toContain('tfjs-node/index.js: The package');
    expect(describeError(error)).toContain('npm rebuild');
  });

  test('leaves the right gradients in place, though it brought its own', async () => {
    await openEngine({ name: 'wasm' });
    // As the real package does before it notices that its native library is missing.
    const meddling = await installation(
      'meddling',
      `const registry = [...globalThis._tfGlobals.values()].find(
         map => map.has('MirrorPad') && typeof map.get('MirrorPad').gradFunc === 'function');
       registry.set('MirrorPad', { kernelName: 'MirrorPad', gradFunc: () => ({}) });
       throw new Error('no tfjs_binding.node');`,
    );
    await failure([meddling]);
    const gradient = tf.grad((x: tf.Tensor) => tf.mirrorPad(x, [[1, 1]], 'reflect'))(
      tf.tensor1d([1, 2, 3]),
    );
    expect([...gradient.dataSync()]).toEqual([1, 3, 1]);
  });
});

test('functions that Node has had no more since version 23 are put back, and only those', () => {
  const utilities = util as unknown as Record<string, unknown>;
  const before = {
    isNullOrUndefined: utilities['isNullOrUndefined'],
    isArray: utilities['isArray'],
  };
  delete utilities['isNullOrUndefined'];
  utilities['isArray'] = Array.isArray;
  restoreNodeUtilities();
  const isNullOrUndefined = utilities['isNullOrUndefined'] as (value: unknown) => boolean;
  expect([null, undefined, 0, ''].map(isNullOrUndefined)).toEqual([true, true, false, false]);
  expect(utilities['isArray']).toBe(Array.isArray);
  Object.assign(utilities, before);
});
