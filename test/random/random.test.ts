import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';

describe('bits of a chance', () => {
  const words = (threshold: number, count: number): Uint32Array => {
    const target = new Uint32Array(count);
    new Random(3, ['bernoulli bits']).fillWithBernoulliBits(target, threshold);
    return target;
  };

  test('of one half are those of the generator, turned over, and leave it where it would be', () => {
    const one = new Random(3, ['bernoulli bits']);
    const other = new Random(3, ['bernoulli bits']);
    const target = new Uint32Array(100);
    one.fillWithBernoulliBits(target, 2 ** 31);
    expect(target).toEqual(Uint32Array.from({ length: 100 }, () => ~other.bits()));
    expect(one.bits()).toBe(other.bits());
  });

  test('of three quarters take two words: below 0.11 in binary', () => {
    const random = new Random(3, ['bernoulli bits']);
    const expected = Uint32Array.from({ length: 100 }, () => {
      const [first, second] = [random.bits(), random.bits()];
      return ~(first & second);
    });
    expect(words(3 * 2 ** 30, 100)).toEqual(expected);
  });

  test('of none are all 0', () => {
    expect(words(0, 10)).toEqual(new Uint32Array(10));
  });
});
