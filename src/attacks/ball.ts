import { type Random } from '../random/random.ts';
import { type Norm } from './attack.ts';
import { lengthOf, type Vector } from './norms.ts';

/** Moves a perturbation to the nearest (Euclidean) point of the ball ‖δ‖_p ≤ radius, in place. */
export function projectOntoBall(perturbation: Vector, norm: Norm, radius: number): void {
  switch (norm) {
    case 'Linf':
      for (let i = 0; i < perturbation.length; i++) {
        perturbation[i] = Math.min(Math.max(perturbation[i] as number, -radius), radius);
      }
      return;
    case 'L2': {
      const length = lengthOf(perturbation, 'L2');
      if (length > radius) scale(perturbation, radius / length);
      return;
    }
    case 'L1':
      if (lengthOf(perturbation, 'L1') > radius) {
        shrinkTowardsZero(perturbation, l1Threshold(perturbation, radius));
      }
      return;
  }
}

/**
 * A point drawn uniformly from the ball ‖δ‖_p ≤ radius, written to `perturbation`.
 *
 * L2: n + 2 normals, scaled to length 1, of which n are kept (Voelker, Gosmann, Stewart 2017).
 * L1: n + 1 exponentials divided by their sum are uniform on a simplex; n of them, with random
 * signs, are uniform in the ball.
 */
export function drawFromBall(
  random: Random,
  norm: Norm,
  radius: number,
  perturbation: Vector,
): void {
  const size = perturbation.length;
  switch (norm) {
    case 'Linf':
      for (let i = 0; i < size; i++) perturbation[i] = random.uniform(-radius, radius);
      return;
    case 'L2': {
      const normals = Float64Array.from({ length: size + 2 }, () => random.normal());
      perturbation.set(normals.subarray(0, size));
      scale(perturbation, radius / lengthOf(normals, 'L2'));
      return;
    }
    case 'L1': {
      const parts = Float64Array.from({ length: size + 1 }, () => -Math.log1p(-random.uniform()));
      const total = lengthOf(parts, 'L1');
      for (let i = 0; i < size; i++) {
        perturbation[i] = (random.sign() * radius * (parts[i] as number)) / total;
      }
      return;
    }
  }
}

function scale(vector: Vector, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor;
}

/** Soft thresholding: every number comes nearer to zero by `threshold`, and stops there. */
function shrinkTowardsZero(vector: Vector, threshold: number): void {
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] as number;
    vector[i] = Math.sign(value) * Math.max(Math.abs(value) - threshold, 0);
  }
}

/**
 * The threshold whose soft thresholding leaves an L1 length of exactly `radius`: the projection of
 * Duchi et al. (2008), found without sorting by dropping numbers below the running threshold until
 * none is left (Michelot 1986).
 */
function l1Threshold(vector: Vector, radius: number): number {
  let threshold = 0;
  let kept = Infinity;
  let previous: number;
  do {
    previous = kept;
    let sum = 0;
    kept = 0;
    for (const value of vector) {
      const size = Math.abs(value);
      if (size > threshold) {
        sum += size;
        kept++;
      }
    }
    // Nothing is above the threshold when the radius is 0: the projection is the centre.
    if (kept > 0) threshold = (sum - radius) / kept;
  } while (kept > 0 && kept < previous);
  return threshold;
}
