import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { matchedNoise } from '../../src/attacks/matched-noise.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import { Random } from '../../src/random/random.ts';

const bounds = { lower: 0, upper: 1 };
const norms = ['Linf', 'L2', 'L1'] as const;

/** Random inputs, and others as adversaries of them, all inside the bounds. */
function pair(seed: number, count: number, size: number, amplitude: number) {
  const random = new Random(seed, ['matched-noise-test']);
  const clean = Float32Array.from({ length: count * size }, () => random.uniform());
  const adversaries = clean.map(value =>
    Math.min(1, Math.max(0, value + random.uniform(-amplitude, amplitude))),
  );
  return { clean: new Batch(clean, [size]), adversaries: new Batch(adversaries, [size]) };
}

describe('matched noise', () => {
  test('is as large as each perturbation, inside the bounds, and not the perturbation', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(...norms),
        fc.double({ min: 0.01, max: 0.3, noNaN: true }),
        (seed, norm, amplitude) => {
          const { clean, adversaries } = pair(seed, 3, 40, amplitude);
          const options = { norm, bounds, seed, sampleIndices: [0, 1, 2] };
          const noisy = matchedNoise(clean, adversaries, options);
          expect(noisy.values.every(value => value >= 0 && value <= 1)).toBe(true);
          expect(noisy.values).not.toEqual(adversaries.values);
          for (let row = 0; row < 3; row++) {
            const wanted = distanceBetween(clean.row(row), adversaries.row(row), norm);
            const found = distanceBetween(clean.row(row), noisy.row(row), norm);
            expect(found).toBeLessThanOrEqual(wanted);
            expect(found).toBeGreaterThan(wanted * (1 - 1e-5));
          }
        },
      ),
    );
  });

  test('of a sample depends on its index alone, and no change stays none', () => {
    const { clean, adversaries } = pair(1, 3, 10, 0.1);
    const options = { norm: 'L2', bounds, seed: 0 } as const;
    const all = matchedNoise(clean, adversaries, { ...options, sampleIndices: [7, 8, 9] });
    const one = matchedNoise(clean.gather([1]), adversaries.gather([1]), {
      ...options,
      sampleIndices: [8],
    });
    expect(one.values).toEqual(all.row(1));
    expect(matchedNoise(clean, clean, { ...options, sampleIndices: [7, 8, 9] }).values).toEqual(
      clean.values,
    );
  });

  test('is as long as it can be where no noise is long enough', () => {
    // From the middle of the box the farthest point is a corner, and signs reach it.
    const clean = new Batch(new Float32Array(4).fill(0.5), [4]);
    const corner = new Batch(Float32Array.of(1, 1, 1, 1), [4]);
    const options = { norm: 'L2', bounds, seed: 3, sampleIndices: [0] } as const;
    const noisy = matchedNoise(clean, corner, options);
    expect(distanceBetween(clean.row(0), noisy.row(0), 'L2')).toBeCloseTo(1, 3);
  });
});
