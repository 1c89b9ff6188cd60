import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Norm } from '../../src/attacks/attack.ts';
import { dualNorm, lengthOf } from '../../src/attacks/norms.ts';
import { isUsableGradient, steepestAscent } from '../../src/attacks/steepest-ascent.ts';

function ascent(gradient: readonly number[], norm: Norm): number[] {
  const direction = new Float64Array(gradient.length);
  steepestAscent(Float64Array.from(gradient), norm, direction);
  return [...direction];
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

describe('the direction of steepest ascent', () => {
  // The cases of CleverHans's test of optimize_linear.
  test.each<[Norm, number[], number]>([
    ['L1', [1, -2], 2],
    ['L1', [2, -2], 2],
    ['L2', [Math.SQRT1_2, -Math.SQRT1_2], 1],
    ['Linf', [1, -2], 3],
  ])('%s of %o raises the objective by %d', (norm, gradient, objective) => {
    expect(inner(ascent(gradient, norm), gradient)).toBeCloseTo(objective, 12);
  });

  test('L1 shares the step among ties', () => {
    expect(ascent([2, -2, 1, 2], 'L1')).toEqual([1 / 3, -1 / 3, 0, 1 / 3]);
  });

  test('has length 1, and attains the dual norm: no direction is better', () => {
    const gradients = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(gradients, fc.constantFrom<Norm>('Linf', 'L2', 'L1'), (gradient, norm) => {
        fc.pre(gradient.some(value => Math.abs(value) > 1e-100));
        const direction = ascent(gradient, norm);
        const best = lengthOf(Float64Array.from(gradient), dualNorm(norm));
        expect(lengthOf(Float64Array.from(direction), norm)).toBeCloseTo(1, 9);
        expect(inner(direction, gradient) / best).toBeCloseTo(1, 9);
      }),
    );
  });

  test('does not shrink with the gradient', () => {
    const [first, second] = ascent([3e-30, -4e-30], 'L2');
    expect(first).toBeCloseTo(0.6, 12);
    expect(second).toBeCloseTo(-0.8, 12);
  });

  test('of zeros is zeros', () => {
    for (const norm of ['Linf', 'L2', 'L1'] as const) {
      expect(ascent([0, 0], norm).every(value => value === 0)).toBe(true);
    }
  });

  test('knows gradients that cannot be followed', () => {
    expect(isUsableGradient(Float32Array.of(0, 1e-40))).toBe(true);
    expect(isUsableGradient(Float32Array.of(0, 0))).toBe(false);
    expect(isUsableGradient(Float32Array.of(1, NaN))).toBe(false);
    expect(isUsableGradient(Float32Array.of(-Infinity, 1))).toBe(false);
  });
});
