import fc from 'fast-check';
import { expect, test } from 'vitest';
import { selectSamples } from '../../src/data/select-samples.ts';

const size = fc.integer({ min: 0, max: 200 });
const rule = fc.constantFrom('random' as const, 'first' as const);
const seed = fc.integer();

test('a selection has as many different samples as were asked for, or all', () => {
  fc.assert(
    fc.property(size, size, rule, seed, (available, count, rule, seed) => {
      const selected = selectSamples(available, count, { rule, seed });
      expect(selected.length).toBe(Math.min(count, available));
      expect(new Set(selected).size).toBe(selected.length);
      expect(selected.every(index => index >= 0 && index < available)).toBe(true);
    }),
  );
});

test('a smaller selection is the beginning of a larger one', () => {
  fc.assert(
    fc.property(size, size, size, rule, seed, (available, a, b, rule, seed) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      const larger = selectSamples(available, more, { rule, seed });
      expect(selectSamples(available, less, { rule, seed })).toEqual(larger.slice(0, less));
    }),
  );
});

test('selections that exclude each other are disjoint and together a larger selection', () => {
  fc.assert(
    fc.property(size, size, size, rule, seed, (available, a, b, rule, seed) => {
      const first = selectSamples(available, a, { rule, seed });
      const second = selectSamples(available, b, { rule, seed, exclude: first });
      expect([...first, ...second]).toEqual(
        selectSamples(available, first.length + b, { rule, seed }),
      );
    }),
  );
});

test('the first are the first, and random ones depend on the seed alone', () => {
  expect(selectSamples(10, 3, { rule: 'first', seed: 1 })).toEqual([0, 1, 2]);
  expect(selectSamples(10, 3, { rule: 'first', seed: 1, exclude: [1] })).toEqual([0, 2, 3]);
  const one = selectSamples(1000, 100, { rule: 'random', seed: 1 });
  expect(selectSamples(1000, 100, { rule: 'random', seed: 1 })).toEqual(one);
  expect(selectSamples(1000, 100, { rule: 'random', seed: 2 })).not.toEqual(one);
});
