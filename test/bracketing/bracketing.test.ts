import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bisect } from '../../src/bracketing/bisection.ts';
import { goldenSectionMinimum } from '../../src/bracketing/golden-section.ts';

test('bisection ends next to the point where the condition stops to hold, on the side where it does', () => {
  const number = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(number, number, number, (inside, end, beyond) => {
      const outside = end + Math.sign(end - inside || 1) * Math.abs(beyond) + (end - inside);
      const holds = (x: number): boolean =>
        end === inside ? x === inside : (x - end) * (inside - end) > 0;
      const found = bisect(holds, inside, outside);
      expect(holds(found) || found === inside).toBe(true);
      expect(Math.abs(found - end)).toBeLessThan(1e-12);
    }),
  );
});

test('bisection finds the square root of two, and stays at the end where the condition holds all the way', () => {
  expect(bisect(x => x * x < 2, 0, 2)).toBeCloseTo(Math.SQRT2, 15);
  expect(bisect(() => true, 1, 0)).toBeCloseTo(0, 15);
  expect(bisect(x => x < 1, 0, 4, 2)).toBe(0);
});

test('golden-section search finds the minimum of a parabola wherever it lies', () => {
  fc.assert(
    fc.property(fc.double({ min: -5, max: 5, noNaN: true }), centre => {
      expect(goldenSectionMinimum(x => (x - centre) ** 2, -5, 5)).toBeCloseTo(centre, 6);
    }),
  );
});
