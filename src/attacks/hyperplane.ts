import type { Bounds } from '../model/classifier.ts';
import type { Norm } from './attack.ts';
import type { Vector } from './norms.ts';
import { fillLevel } from './water-filling.ts';

/**
 * The shortest steps, inside the box, onto the hyperplane where a linear function vanishes. Every
 * number can move only as far as the box lets it; what it cannot give, the others do.
 *
 * - L∞: −t·sign(wᵢ), t the same for all that are not at their bound.
 * - L2: −t·wᵢ likewise.
 * - L1: the numbers with the largest |wᵢ| go first, each as far as it can.
 */
export class HyperplaneStep {
  readonly #norm: Norm;
  readonly #bounds: Bounds;
  readonly #widths: Float64Array;
  readonly #rims: Float64Array;
  readonly #rooms: Float64Array;

  /** @param size numbers in one input */
  constructor(norm: Norm, bounds: Bounds, size: number) {
    this.#norm = norm;
    this.#bounds = bounds;
    this.#widths = new Float64Array(size);
    this.#rims = new Float64Array(size);
    this.#rooms = new Float64Array(size);
  }

  /**
   * Writes the step from `point` to `step`. Where the box ends before the hyperplane, the step goes to
   * the corner nearest to it.
   *
   * @param slope w, the gradient of the linear function
   * @param value of the function at `point`; the step changes it by −value
   */
  write(point: Vector, slope: Vector, value: number, step: Float64Array): void {
    // Downhill if the value is positive, uphill if it is negative.
    const way = value > 0 ? -1 : 1;
    const { lower, upper } = this.#bounds;
    for (let i = 0; i < point.length; i++) {
      const rises = way * (slope[i] as number) > 0;
      this.#rooms[i] = Math.max(
        rises ? upper - (point[i] as number) : (point[i] as number) - lower,
        0,
      );
    }
    switch (this.#norm) {
      case 'Linf':
      case 'L2':
        this.#fill(slope, Math.abs(value));
        break;
      case 'L1':
        this.#takeLargestFirst(slope, Math.abs(value));
        break;
    }
    for (let i = 0; i < step.length; i++) {
      step[i] = way * Math.sign(slope[i] as number) * (this.#rooms[i] as number);
    }
  }

  /** Turns rooms into moves: all numbers move at once, at a pace of 1 (L∞) or |w| (L2). */
  #fill(slope: Vector, total: number): void {
    for (let i = 0; i < slope.length; i++) {
      const size = Math.abs(slope[i] as number);
      this.#widths[i] = size * this.#pace(size);
      this.#rims[i] = size * (this.#rooms[i] as number);
    }
    const level = fillLevel(this.#widths, this.#rims, total);
    for (let i = 0; i < slope.length; i++) {
      const pace = this.#pace(Math.abs(slope[i] as number));
      if (pace > 0) this.#rooms[i] = Math.min(this.#rooms[i] as number, level * pace);
    }
  }

  #pace(size: number): number {
    return this.#norm === 'Linf' ? 1 : size;
  }

  /** Turns rooms into moves: one number after another, from the largest slope down. */
  #takeLargestFirst(slope: Vector, total: number): void {
    for (let i = 0; i < slope.length; i++) this.#widths[i] = Math.abs(slope[i] as number);
    const order = Uint32Array.from(slope, (_, i) => i);
    order.sort((a, b) => (this.#widths[b] as number) - (this.#widths[a] as number));
    let left = total;
    for (const i of order) {
      const size = this.#widths[i] as number;
      const move = size === 0 ? 0 : Math.min(this.#rooms[i] as number, left / size);
      this.#rooms[i] = move;
      left = Math.max(left - move * size, 0);
    }
  }
}
