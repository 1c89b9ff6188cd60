import type { Bounds } from '../model/classifier.ts';
import type { Norm } from './attack.ts';
import { BallInBox } from './ball.ts';
import { displaceWithin, removeBlockedDirections } from './box.ts';
import { steepestAscent } from './steepest-ascent.ts';

/** One step of steepest ascent, and the projection onto ball and box after it. */
export class BallStep {
  readonly #norm: Norm;
  readonly #bounds: Bounds;
  readonly #ball: BallInBox;
  readonly #perturbation: Float64Array;

  /** @param size numbers in one input */
  constructor(norm: Norm, bounds: Bounds, size: number) {
    this.#norm = norm;
    this.#bounds = bounds;
    this.#ball = new BallInBox(norm, bounds, size);
    this.#perturbation = new Float64Array(size);
  }

  /**
   * Moves a point, in place. Directions in which the box lets nothing move do not count for the
   * steepest.
   *
   * @param uphill gradient of what is to be raised, finite; it is written to
   * @param length of the step, in the norm and in input units
   * @param clean centre of the ball
   */
  take(
    point: Float32Array,
    uphill: Float64Array,
    length: number,
    clean: Float32Array,
    radius: number,
  ): void {
    removeBlockedDirections(this.#bounds, point, uphill);
    steepestAscent(uphill, this.#norm, uphill);
    for (let i = 0; i < clean.length; i++) {
      const moved = (point[i] as number) + length * (uphill[i] as number);
      this.#perturbation[i] = moved - (clean[i] as number);
    }
    this.#ball.project(this.#perturbation, clean, radius);
    displaceWithin(this.#bounds, clean, this.#perturbation, 1, point);
  }
}
