import { type Bounds } from '../model/classifier.ts';
import { type Vector } from './norms.ts';

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
