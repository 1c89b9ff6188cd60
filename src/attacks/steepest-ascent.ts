import type { Norm } from './attack.ts';
import { lengthOf, type Vector } from './norms.ts';

/**
 * The vector of length 1 that raises a linear function of this gradient most: the maximiser of
 * ⟨d, g⟩ over ‖d‖_p ≤ 1, written to `direction`. A gradient of zeros gives zeros.
 *
 * - L∞: sign(g), with sign(0) = 0.
 * - L2: g / ‖g‖₂. Lengths are computed in float64, so the tiny gradients of confident models keep
 *   their direction; a floor under the denominator would silently shorten the step instead.
 * - L1: everything on the largest |gᵢ|; ties share equally. (g / ‖g‖₁ has length 1 too, but raises
 *   the function less.)
 */
export function steepestAscent(gradient: Vector, norm: Norm, direction: Vector): void {
  switch (norm) {
    case 'Linf':
      for (let i = 0; i < gradient.length; i++) direction[i] = Math.sign(gradient[i] as number);
      return;
    case 'L2': {
      const length = lengthOf(gradient, 'L2');
      for (let i = 0; i < gradient.length; i++) {
        direction[i] = length === 0 ? 0 : (gradient[i] as number) / length;
      }
      return;
    }
    case 'L1': {
      const largest = lengthOf(gradient, 'Linf');
      let ties = 0;
      for (const value of gradient) if (Math.abs(value) === largest) ties++;
      for (let i = 0; i < gradient.length; i++) {
        const value = gradient[i] as number;
        direction[i] = Math.abs(value) === largest ? Math.sign(value) / ties : 0;
      }
      return;
    }
  }
}

/** Whether an attack can follow this gradient: every number is finite and not all are zero. */
export function isUsableGradient(gradient: Vector): boolean {
  let someNonZero = false;
  for (const value of gradient) {
    if (!Number.isFinite(value)) return false;
    someNonZero ||= value !== 0;
  }
  return someNonZero;
}
