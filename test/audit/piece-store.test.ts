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
