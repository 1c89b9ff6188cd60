import type { Bounds } from '../model/classifier.ts';
import type { Vector } from './norms.ts';

/**
 * Writes `centre + scale · perturbation`, clipped to the bounds, to `result`. Arithmetic is float64
 * until the result is stored.
 */
export function displaceWithin(
  bounds: Bounds,
  centre: Vector,
  perturbation: Vector,
  scale: number,
  result: Vector,
): void {
  for (let i = 0; i < centre.length; i++) {
    const moved = (centre[i] as number) + scale * (perturbation[i] as number);
    result[i] = Math.min(Math.max(moved, bounds.lower), bounds.upper);
  }
}

/** Sets to zero every number of a direction that would take the point out of the bounds. */
export function removeBlockedDirections(bounds: Bounds, point: Vector, direction: Vector): void {
  const lower = Math.fround(bounds.lower);
  const upper = Math.fround(bounds.upper);
  for (let i = 0; i < point.length; i++) {
    const value = point[i] as number;
    const slope = direction[i] as number;
    if ((slope > 0 && value >= upper) || (slope < 0 && value <= lower)) direction[i] = 0;
  }
}
