import type { Bounds } from '../model/classifier.ts';

/**
 * Keeps arctanh finite for pixels that lie on a bound. Without it they would start at infinity and
 * never move, and in image data most pixels lie on a bound.
 */
const INSIDE = 0.999999;

/**
 * The change of variables of Carlini and Wagner: x = a + b·tanh(w) is inside the bounds for every w,
 * with a the middle of the box and b half its width. Arithmetic is float64.
 */
export class TanhBox {
  readonly #middle: number;
  readonly #halfWidth: number;

  constructor({ lower, upper }: Bounds) {
    this.#middle = (lower + upper) / 2;
    this.#halfWidth = (upper - lower) / 2;
  }

  /** The point that `encode` stands for: the input, a millionth of the way nearer to the middle. */
  anchor(input: number): number {
    return this.#middle + (input - this.#middle) * INSIDE;
  }

  /** w of an input within the bounds. */
  encode(input: number): number {
    return Math.atanh(((input - this.#middle) / this.#halfWidth) * INSIDE);
  }

  /**
   * Writes x of each `start + offset` to `inputs`, and the derivative dx/dw there to `slopes`.
   *
   * With s = 1 / (1 + e^{2w}): tanh(w) = 1 − 2s and its derivative is 4s(1 − s). One exponential gives
   * both, and the derivative stays accurate where 1 − tanh² would cancel.
   */
  decode(
    start: Float32Array,
    offset: Float32Array,
    inputs: Float32Array,
    slopes: Float32Array,
  ): void {
    const middle = this.#middle;
    const halfWidth = this.#halfWidth;
    for (let i = 0; i < start.length; i++) {
      const s = 1 / (1 + Math.exp(2 * ((start[i] as number) + (offset[i] as number))));
      inputs[i] = middle + halfWidth * (1 - 2 * s);
      slopes[i] = 4 * halfWidth * s * (1 - s);
    }
  }
}
