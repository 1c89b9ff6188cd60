import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PieceStore } from '../../src/audit/piece-store.ts';
import type { OutputOf } from '../../src/audit/piece.ts';
import { writeNpz } from '../../src/numpy/write-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const mean = Float32Array.of(-0.1, -2.3, -1.2, -0.4);
const scored: OutputOf<'score'> = {
  kind: 'score',
  scores: { energy: Float64Array.of(-1, 2) },
  posterior: {
    prediction: Int32Array.of(0, 1),
    mutualInformationError: Float64Array.of(0.1, 0.2),
  },
  detectors: { scores: [{ name: 'energy', settings: { temperature: 1 } }], missing: [] },
};

test.each([
  ['of passes', scored.posterior],
  ['with the mean prediction', scored.posterior && { ...scored.posterior, monteCarloLogits: mean }],
  [
    'of a Laplace posterior',
    scored.posterior && {
      ...scored.posterior,
      monteCarloLogits: mean,
      probitLogits: Float32Array.of(1, 2, 3, 4),
    },
  ],
  ['without a posterior', undefined],
] as const)('keeps scores %s as they are', async (_, posterior) => {
  const store = new PieceStore(join(await temporaryFolder(), 'pieces'));
  await store.save('key', { ...scored, posterior });
  expect(await store.load('key')).toEqual({ ...scored, posterior });
});

test('scores of a posterior of which a part is missing are computed again', async () => {
  const folder = await temporaryFolder();
  const row = <Values>(values: Values & { length: number }) => ({
    values,
    shape: [values.length],
  });
  const incomplete = {
    'score energy': row(Float64Array.of(-1, 2)),
    detectors: row(new TextEncoder().encode(JSON.stringify(scored.detectors))),
    prediction: row(Int32Array.of(0, 1)),
  };
  await writeNpz(join(folder, 'key.npz'), incomplete);
  expect(await new PieceStore(folder).load('key')).toBeUndefined();
  const { prediction: _, ...without } = incomplete;
  await writeNpz(join(folder, 'key.npz'), without);
  expect(await new PieceStore(folder).load('key')).toEqual({ ...scored, posterior: undefined });
});

test('the oldest pieces go first, and what a killed process has left', async () => {
  const folder = await temporaryFolder();
  const store = new PieceStore(folder);
  const minutesAgo = async (name: string, minutes: number): Promise<void> => {
    const time = new Date(Date.now() - minutes * 60_000);
    await utimes(join(folder, name), time, time);
  };
  for (const [key, age] of [
    ['old', 3],
    ['middle', 2],
    ['new', 1],
  ] as const) {
    await writeFile(join(folder, `${key}.npz`), new Uint8Array(100));
    await minutesAgo(`${key}.npz`, age);
  }
  await writeFile(join(folder, 'killed.npz.1.tmp'), new Uint8Array(100));
  await minutesAgo('killed.npz.1.tmp', 60);
  await writeFile(join(folder, 'being-written.npz.2.tmp'), new Uint8Array(50));
  await store.prune(250);
  expect((await readdir(folder)).sort()).toEqual([
    'being-written.npz.2.tmp',
    'middle.npz',
    'new.npz',
  ]);
});

test('tidying up fails neither without a folder nor beside another that tidies up', async () => {
  const folder = join(await temporaryFolder(), 'pieces');
  const [store, other] = [new PieceStore(folder), new PieceStore(folder)];
  await store.prune();
  for (let i = 0; i < 20; i++) await store.save(`key${i}`, { ...scored, posterior: undefined });
  await Promise.all([store.prune(0), other.prune(0), rm(join(folder, 'key3.npz'))]);
  expect(await readdir(folder)).toEqual([]);
});
