import type { Bounds } from '../model/classifier.ts';
import type { Random } from '../random/random.ts';
import type { Norm } from './attack.ts';
import { lengthOf, type Vector } from './norms.ts';
import { fillLevel } from './water-filling.ts';

/**
 * Moves perturbations to the nearest (Euclidean) one that is in the ball ‖δ‖_p ≤ radius and keeps
 * the perturbed input in the box. Exact for both at once: first the ball and then the box would end
 * inside both, but not at the nearest point, and an attack would stop short of its optimum.
 */
export class BallInBox {
  readonly #norm: Norm;
  readonly #bounds: Bounds;
  readonly #widths: Float64Array;
  readonly #rims: Float64Array;

  /** @param size numbers in one input */
  constructor(norm: Norm, bounds: Bounds, size: number) {
    this.#norm = norm;
    this.#bounds = bounds;
    this.#widths = new Float64Array(size);
    this.#rims = new Float64Array(size);
  }

  /** Projects a perturbation of the input `centre`, in place. */
  project(perturbation: Float64Array, centre: Float32Array, radius: number): void {
    switch (this.#norm) {
      case 'Linf':
        for (let i = 0; i < perturbation.length; i++) {
          const value = perturbation[i] as number;
          perturbation[i] = Math.min(Math.max(value, -radius), radius);
        }
        this.#clip(perturbation, centre);
        return;
      case 'L2':
        this.#projectL2(perturbation, centre, radius);
        return;
      case 'L1':
        this.#projectL1(perturbation, centre, radius);
        return;
    }
  }

  /** The nearest point is clip(s·δ), with s as large as the ball allows. */
  #projectL2(perturbation: Float64Array, centre: Float32Array, radius: number): void {
    for (let i = 0; i < perturbation.length; i++) {
      const value = perturbation[i] as number;
      const room = this.#room(centre[i] as number, value);
      this.#widths[i] = value * value;
      this.#rims[i] = room * room;
    }
    const squaredScale = fillLevel(this.#widths, this.#rims, radius ** 2);
    const scale = Math.min(Math.sqrt(squaredScale), 1);
    for (let i = 0; i < perturbation.length; i++)
      perturbation[i] = scale * (perturbation[i] as number);
    this.#clip(perturbation, centre);
  }

  /** The nearest point is clip(δ shrunk towards 0 by a threshold); the threshold by bisection. */
  #projectL1(perturbation: Float64Array, centre: Float32Array, radius: number): void {
    for (let i = 0; i < perturbation.length; i++) {
      const value = perturbation[i] as number;
      this.#widths[i] = Math.abs(value);
      this.#rims[i] = this.#room(centre[i] as number, value);
    }
    if (this.#shrunkLength(0) > radius) {
      let tooLong = 0;
      let fits = lengthOf(perturbation, 'Linf');
      for (let i = 0; i < 60; i++) {
        const middle = (tooLong + fits) / 2;
        if (this.#shrunkLength(middle) > radius) tooLong = middle;
        else fits = middle;
      }
      for (let i = 0; i < perturbation.length; i++) {
        const value = perturbation[i] as number;
        perturbation[i] = Math.sign(value) * Math.max(Math.abs(value) - fits, 0);
      }
    }
    this.#clip(perturbation, centre);
  }

  /** L1 length after shrinking by `threshold` and clipping. */
  #shrunkLength(threshold: number): number {
    let length = 0;
    for (let i = 0; i < this.#widths.length; i++) {
      const shrunk = Math.max((this.#widths[i] as number) - threshold, 0);
      length += Math.min(shrunk, this.#rims[i] as number);
    }
    return length;
  }

  /** How far an input can move in the direction of `value` before it leaves the box. */
  #room(input: number, value: number): number {
    return value > 0 ? this.#bounds.upper - input : input - this.#bounds.lower;
  }

  #clip(perturbation: Float64Array, centre: Float32Array): void {
    const { lower, upper } = this.#bounds;
    for (let i = 0; i < perturbation.length; i++) {
      const input = centre[i] as number;
      const value = perturbation[i] as number;
      perturbation[i] = Math.min(Math.max(value, lower - input), upper - input);
    }
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
      const scale = radius / lengthOf(normals, 'L2');
      for (let i = 0; i < size; i++) perturbation[i] = scale * (normals[i] as number);
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
