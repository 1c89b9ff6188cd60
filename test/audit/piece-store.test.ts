import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PieceStore } from '../../src/audit/piece-store.ts';
import type { OutputOf } from '../../src/audit/piece.ts';
import { writeNpz } from '../../src/numpy/write-numpy.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const scored: OutputOf<'score'> = {
  kind: 'score',
  scores: { energy: Float64Array.of(-1, 2) },
  posterior: {
    prediction: Int32Array.of(0, 1),
    mutualInformationError: Float64Array.of(0.1, 0.2),
    monteCarloLogits: Float32Array.of(-0.1, -2.3, -1.2, -0.4),
  },
  detectors: { scores: [{ name: 'energy', settings: { temperature: 1 } }], missing: [] },
};

test.each([
  ['of passes', scored.posterior],
  [
    'of a Laplace posterior',
    scored.posterior && { ...scored.posterior, probitLogits: Float32Array.of(1, 2, 3, 4) },
  ],
  ['without a posterior', undefined],
] as const)('keeps scores %s as they are', async (_, posterior) => {
  const store = new PieceStore(join(await temporaryFolder(), 'pieces'));
  await store.save('key', { ...scored, posterior });
  expect(await store.load('key')).toEqual({ ...scored, posterior });
});

test('scores from before the mean prediction was kept are computed again', async () => {
  const folder = await temporaryFolder();
  const row = <Values>(values: Values & { length: number }) => ({
    values,
    shape: [values.length],
  });
  const earlier = {
    'score energy': row(Float64Array.of(-1, 2)),
    detectors: row(new TextEncoder().encode(JSON.stringify(scored.detectors))),
    prediction: row(Int32Array.of(0, 1)),
    mutualInformationError: row(Float64Array.of(0.1, 0.2)),
  };
  await writeNpz(join(folder, 'key.npz'), earlier);
  expect(await new PieceStore(folder).load('key')).toBeUndefined();
  const { prediction: _, mutualInformationError: __, ...without } = earlier;
  await writeNpz(join(folder, 'key.npz'), without);
  expect(await new PieceStore(folder).load('key')).toEqual({ ...scored, posterior: undefined });
});
