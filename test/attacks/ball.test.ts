import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Norm } from '../../src/attacks/attack.ts';
import { BallInBox, drawFromBall } from '../../src/attacks/ball.ts';
import { lengthOf } from '../../src/attacks/norms.ts';
import { fillLevel } from '../../src/attacks/water-filling.ts';
import { Random } from '../../src/random/random.ts';
import { unitBox, wideBox } from './linear-models.ts';

const norms = ['Linf', 'L2', 'L1'] as const;
const anyNorm = fc.constantFrom<Norm>(...norms);

/** An input in the unit box, often on a side of it, and a perturbation of it. */
const pairs = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    fc.double({ min: -3, max: 3, noNaN: true }),
  ),
  { minLength: 1, maxLength: 12 },
);

function split(values: readonly (readonly [number, number])[]): [Float32Array, Float64Array] {
  return [
    Float32Array.from(values, ([input]) => input),
    Float64Array.from(values, ([, perturbation]) => perturbation),
  ];
}

describe('the projection onto a ball in a box', () => {
  test('ends in both, and leaves alone what is in both', () => {
    fc.assert(
      fc.property(
        pairs,
        anyNorm,
        fc.double({ min: 0, max: 5, noNaN: true }),
        (values, norm, radius) => {
          const [centre, perturbation] = split(values);
          const before = perturbation.slice();
          new BallInBox(norm, unitBox, centre.length).project(perturbation, centre, radius);
          expect(lengthOf(perturbation, norm)).toBeLessThanOrEqual(radius * (1 + 1e-12) + 1e-12);
          const isInBox = (vector: Float64Array): boolean =>
            vector.every((value, i) => {
              const moved = (centre[i] ?? NaN) + value;
              return moved >= 0 - 1e-15 && moved <= 1 + 1e-15;
            });
          expect(isInBox(perturbation)).toBe(true);
          if (lengthOf(before, norm) <= radius && isInBox(before)) {
            perturbation.forEach((value, i) => expect(value).toBeCloseTo(before[i] ?? NaN, 14));
          }
        },
      ),
    );
  });

  test('is the nearest point: no point of both lies beyond it', () => {
    fc.assert(
      fc.property(pairs, anyNorm, fc.integer({ min: 1, max: 1e6 }), (values, norm, seed) => {
        const [centre, perturbation] = split(values);
        const before = perturbation.slice();
        const radius = 0.8;
        new BallInBox(norm, unitBox, centre.length).project(perturbation, centre, radius);
        const other = new Float64Array(centre.length);
        drawFromBall(new Random(seed, ['other point']), norm, radius, other);
        // Clipping a point of the ball to the box shortens it: it stays in both.
        new BallInBox('Linf', unitBox, centre.length).project(other, centre, Infinity);
        // ⟨v − P(v), z − P(v)⟩ ≤ 0 for every z in a convex set is what makes P(v) the projection.
        const product = perturbation.reduce(
          (sum, value, i) => sum + ((before[i] ?? NaN) - value) * ((other[i] ?? NaN) - value),
          0,
        );
        expect(product).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[number[], number, number[]]>([
    [[3, -1, 0.5], 2, [2, 0, 0]],
    [[2, -2, 1], 2, [1, -1, 0]],
  ])('of %o onto the L1 ball, by hand', (vector, radius, expected) => {
    const perturbation = Float64Array.from(vector);
    new BallInBox('L1', wideBox, 3).project(perturbation, new Float32Array(3), radius);
    perturbation.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 12));
  });
});

describe('the level of vessels', () => {
  test('makes their contents add up', () => {
    const vessels = fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
      ),
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(vessels, fc.double({ min: 0, max: 20, noNaN: true }), (pairsOfSizes, total) => {
        const widths = Float64Array.from(pairsOfSizes, ([width]) => width);
        const rims = Float64Array.from(pairsOfSizes, ([, rim]) => rim);
        const level = fillLevel(widths, rims, total);
        const held = (at: number): number =>
          rims.reduce((sum, rim, i) => sum + Math.min(rim, at * (widths[i] ?? NaN)), 0);
        if (level === Infinity) {
          const most = rims.reduce((sum, rim, i) => sum + ((widths[i] ?? 0) > 0 ? rim : 0), 0);
          expect(most).toBeLessThanOrEqual(total * (1 + 1e-12));
        } else {
          expect(Math.abs(held(level) - total)).toBeLessThan(1e-9);
        }
      }),
    );
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
