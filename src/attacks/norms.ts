import type { Norm } from './attack.ts';

/** Numbers to read, of either precision. */
export type Vector = Float32Array | Float64Array;

/** Length of a vector, summed in float64. */
export function lengthOf(vector: Vector, norm: Norm): number {
  let total = 0;
  switch (norm) {
    case 'Linf':
      for (const value of vector) total = Math.max(total, Math.abs(value));
      return total;
    case 'L2':
      for (const value of vector) total += value * value;
      return Math.sqrt(total);
    case 'L1':
      for (const value of vector) total += Math.abs(value);
      return total;
  }
}

/** Length of `to − from`, in float64. */
export function distanceBetween(from: Vector, to: Vector, norm: Norm): number {
  let total = 0;
  for (let i = 0; i < from.length; i++) {
    const size = Math.abs((to[i] as number) - (from[i] as number));
    total = norm === 'Linf' ? Math.max(total, size) : total + (norm === 'L2' ? size * size : size);
  }
  return norm === 'L2' ? Math.sqrt(total) : total;
}

/**
 * The norm q with 1/p + 1/q = 1. A step of length ε in norm p raises a linear function of gradient
 * g by at most ε‖g‖_q.
 */
export function dualNorm(norm: Norm): Norm {
  switch (norm) {
    case 'Linf':
      return 'L1';
    case 'L2':
      return 'L2';
    case 'L1':
      return 'Linf';
  }
}
