import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Norm } from '../../src/attacks/attack.ts';
import { drawFromBall, projectOntoBall } from '../../src/attacks/ball.ts';
import { lengthOf } from '../../src/attacks/norms.ts';
import { Random } from '../../src/random/random.ts';

const norms = ['Linf', 'L2', 'L1'] as const;
const anyNorm = fc.constantFrom<Norm>(...norms);
const vectors = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

function projected(vector: readonly number[], norm: Norm, radius: number): Float64Array {
  const result = Float64Array.from(vector);
  projectOntoBall(result, norm, radius);
  return result;
}

describe('the projection onto a ball', () => {
  test('ends in the ball, and leaves alone what is in it', () => {
    fc.assert(
      fc.property(
        vectors,
        anyNorm,
        fc.double({ min: 0, max: 20, noNaN: true }),
        (v, norm, radius) => {
          const result = projected(v, norm, radius);
          expect(lengthOf(result, norm)).toBeLessThanOrEqual(radius * (1 + 1e-12) + 1e-12);
          if (lengthOf(Float64Array.from(v), norm) <= radius) expect([...result]).toEqual(v);
        },
      ),
    );
  });

  test('is the nearest point: no point of the ball lies beyond it', () => {
    fc.assert(
      fc.property(vectors, anyNorm, fc.integer({ min: 1, max: 1e6 }), (v, norm, seed) => {
        const result = projected(v, norm, 1.5);
        const other = new Float64Array(v.length);
        drawFromBall(new Random(seed, ['other point']), norm, 1.5, other);
        // ⟨v − P(v), z − P(v)⟩ ≤ 0 for every z in a convex set is what makes P(v) the projection.
        const product = result.reduce(
          (sum, value, i) => sum + ((v[i] ?? NaN) - value) * ((other[i] ?? NaN) - value),
          0,
        );
        expect(product).toBeLessThanOrEqual(1e-9);
      }),
    );
  });

  test('onto the L1 ball, by hand', () => {
    expect([...projected([3, -1, 0.5], 'L1', 2)]).toEqual([2, -0, 0]);
    expect([...projected([2, -2, 1], 'L1', 2)]).toEqual([1, -1, 0]);
  });
});

describe('a random point of a ball', () => {
  test.each(norms)('is uniform (%s)', norm => {
    const size = 3;
    const count = 4000;
    const point = new Float64Array(size);
    const random = new Random(11, ['ball', norm]);
    // In a ball of n dimensions the length to the power of n is uniform; so is each side of zero.
    const powers: number[] = [];
    let positive = 0;
    for (let i = 0; i < count; i++) {
      drawFromBall(random, norm, 2, point);
      powers.push((lengthOf(point, norm) / 2) ** size);
      if ((point[0] ?? NaN) > 0) positive++;
    }
    powers.sort((a, b) => a - b);
    const deviation = Math.max(...powers.map((value, i) => Math.abs(value - (i + 0.5) / count)));
    // Kolmogorov and Smirnov: above this in one of a thousand runs of a uniform sample.
    expect(deviation).toBeLessThan(1.95 / Math.sqrt(count));
    expect(Math.abs(positive / count - 0.5)).toBeLessThan(0.03);
  });
});
