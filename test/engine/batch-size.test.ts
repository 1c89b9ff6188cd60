import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchSize } from '../../src/engine/batch-size.ts';

describe('the size of a batch', () => {
  test('grows until a call takes less than half a second, and not beyond the maximum', () => {
    for (const [perSample, expected] of [
      [0.1, 128],
      [10, 40],
      [5000, 1],
    ] as const) {
      const size = new BatchSize(128);
      for (let call = 0; call < 10; call++) {
        const samples = size.next(1000);
        size.observe(samples, samples * perSample);
      }
      expect(size.next(1_000_000)).toBe(expected);
    }
  });

  test('stays small for good after memory has run out', () => {
    const size = new BatchSize(128);
    for (let call = 0; call < 10; call++) size.observe(128, 1);
    expect(size.shrink(128)).toBe(true);
    for (let call = 0; call < 10; call++) size.observe(64, 1);
    expect(size.next(1000)).toBeLessThanOrEqual(64);
    expect(size.shrink(1)).toBe(false);
  });

  test('splits what remains into parts that differ by one at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 200 }),
        (count, most) => {
          const size = new BatchSize(most);
          size.observe(most, 0.001);
          size.observe(most, 0.001);
          const parts: number[] = [];
          for (let done = 0; done < count; done += parts.at(-1) ?? 0)
            parts.push(size.next(count - done));
          expect(parts.reduce((sum, part) => sum + part, 0)).toBe(count);
          expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
          expect(Math.max(...parts)).toBeLessThanOrEqual(most);
        },
      ),
    );
  });
});
