import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import { DropoutMemory } from '../../src/uncertainty/dropout-memory.ts';
import { fillWithNoise } from '../../src/uncertainty/noise.ts';

/** The same by the loop that draws one mask after the other, and multiplies. */
function byMasks(
  values: Float32Array,
  passes: number,
  dropout: { readonly rate: number; readonly kept: number },
  random: Random,
): Float32Array {
  const result = new Float32Array(passes * values.length);
  for (let pass = 0; pass < passes; pass++) {
    const mask = result.subarray(pass * values.length, (pass + 1) * values.length);
    fillWithNoise(mask, { kind: 'bernoulli', ...dropout }, random);
    // A dropped unit is 0, never −0.
    mask.forEach((factor, i) => (mask[i] = factor === 0 ? 0 : factor * (values[i] ?? NaN)));
  }
  return result;
}

const rates = fc.oneof(
  fc.constantFrom(0.5, 0.25, 0.1, 0.3, 1 / 3, 0.999, 2 ** -32, 1 - 2 ** -40),
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
);
const sizes = fc.integer({ min: 1, max: 200 });
const passCounts = fc.integer({ min: 1, max: 5 });

function valuesOf(size: number): Float32Array {
  const random = new Random(0, ['values', size]);
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Memory of the kernel of WebAssembly, and of the plain loop that takes its place. */
const memories = {
  kernel: (capacity: number) => new DropoutMemory(capacity),
  loop: (capacity: number) => new DropoutMemory(capacity, 'missing'),
};

describe.each(['kernel', 'loop'] as const)('units dropped by the %s', kind => {
  test('are those of a mask for each pass, bit for bit, and the stream goes on behind them', () => {
    fc.assert(
      fc.property(rates, sizes, passCounts, fc.nat(), (rate, size, passes, key) => {
        const dropout = { rate, kept: 1 / (1 - rate) };
        const values = valuesOf(size);
        const memory = memories[kind](DropoutMemory.capacityFor([passes * size, size]));
        const target = memory.allocate(passes * size);
        const source = memory.allocate(size);
        source.set(values);
        const [ours, theirs] = [new Random(1, [key]), new Random(1, [key])];
        memory.drop(target, source, passes, dropout, ours);
        expect(target).toEqual(byMasks(values, passes, dropout, theirs));
        expect(ours.bits()).toBe(theirs.bits());
      }),
    );
  });

  test('of 32 ones are masks of any size', () => {
    fc.assert(
      fc.property(rates, sizes, passCounts, (rate, size, passes) => {
        const dropout = { rate, kept: 1 / (1 - rate) };
        const memory = memories[kind](DropoutMemory.capacityFor([passes * size, 32]));
        const target = memory.allocate(passes * size);
        const ones = memory.allocate(32).fill(1);
        memory.drop(target, ones, passes, dropout, new Random(1, []));
        const expected = byMasks(
          new Float32Array(size).fill(1),
          passes,
          dropout,
          new Random(1, []),
        );
        expect(target).toEqual(expected);
      }),
    );
  });

  test('do not depend on how many passes are drawn at a time', () => {
    const [size, passes] = [45, 6];
    const dropout = { rate: 0.3, kept: 1 / 0.7 };
    const draw = (atATime: number): Float32Array => {
      const memory = memories[kind](DropoutMemory.capacityFor([passes * size, 32]));
      const target = memory.allocate(passes * size);
      const ones = memory.allocate(32).fill(1);
      const random = new Random(5, ['calls']);
      for (let pass = 0; pass < passes; pass += atATime) {
        const part = target.subarray(pass * size, (pass + atATime) * size);
        memory.drop(part, ones, atATime, dropout, random);
      }
      return target;
    };
    expect(draw(1)).toEqual(draw(6));
    expect(draw(2)).toEqual(draw(3));
  });

  test('leave the arrays beside them as they are', () => {
    const memory = memories[kind](DropoutMemory.capacityFor([33, 33, 33]));
    const [before, target, after] = [33, 33, 33].map(size => memory.allocate(size).fill(7)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    memory.drop(target, after, 1, { rate: 0.5, kept: 2 }, new Random(0, []));
    expect(before).toEqual(new Float32Array(33).fill(7));
    expect(after).toEqual(new Float32Array(33).fill(7));
    expect(new Set(target)).toEqual(new Set([0, 14]));
  });

  test('are 0 even where a value is no number', () => {
    const memory = memories[kind](DropoutMemory.capacityFor([320, 320]));
    const target = memory.allocate(320);
    const source = memory.allocate(320).fill(-Infinity);
    memory.drop(target, source, 1, { rate: 0.5, kept: 2 }, new Random(0, []));
    expect(new Set(target)).toEqual(new Set([0, -Infinity]));
  });
});
