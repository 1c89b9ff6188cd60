import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrainingOrder } from '../../src/manifold/training-order.ts';

test('each pass shows each sample once, whole batches, in another order than the last', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(10_000), { minLength: 24, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(),
      (samples, batchSize, seed) => {
        const order = new TrainingOrder(samples, batchSize, seed);
        const perPass = Math.floor(samples.length / batchSize);
        const pass = (first: number, purpose = 'critic') =>
          Array.from({ length: perPass }, (_, i) => order.batch(first + i, purpose)).flat();
        const [first, second, other] = [pass(1), pass(1 + perPass), pass(1, 'generator')];
        for (const shown of [first, second, other]) {
          expect(shown).toHaveLength(perPass * batchSize);
          expect(new Set(shown).size).toBe(shown.length);
          expect(shown.every(index => samples.includes(index))).toBe(true);
        }
        expect(second).not.toEqual(first);
        expect(other).not.toEqual(first);
      },
    ),
  );
});

test('a training that is taken up again sees what it would have seen', () => {
  const samples = Array.from({ length: 50 }, (_, i) => 3 * i);
  const whole = new TrainingOrder(samples, 8, 7);
  const steps = Array.from({ length: 20 }, (_, i) => whole.batch(i + 1, 'generator'));
  const resumed = new TrainingOrder(samples, 8, 7);
  expect(resumed.batch(15, 'generator')).toEqual(steps[14]);
});
