/** Above any constant that is worth trying: no success has been seen yet. */
const NO_UPPER_BOUND = 1e10;

/**
 * The search of Carlini and Wagner for the smallest constant c that still gives a success, for each
 * sample by itself: ten times as much until the first success, then bisection.
 */
export class ConstantSearch {
  /** The constants to try next. */
  readonly constants: Float64Array;
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;

  /** @param initialConstants one for each sample */
  constructor(initialConstants: Float64Array) {
    this.constants = initialConstants.slice();
    this.#lower = new Float64Array(initialConstants.length);
    this.#upper = new Float64Array(initialConstants.length).fill(NO_UPPER_BOUND);
  }

  /** Takes note of what the present constant of a sample led to, and chooses the next one. */
  update(row: number, succeeded: boolean): void {
    const tried = this.constants[row] as number;
    if (succeeded) this.#upper[row] = Math.min(this.#upper[row] as number, tried);
    else this.#lower[row] = Math.max(this.#lower[row] as number, tried);
    const lower = this.#lower[row] as number;
    const upper = this.#upper[row] as number;
    this.constants[row] = upper < NO_UPPER_BOUND ? (lower + upper) / 2 : tried * 10;
  }

  /** Tries once more with the constants that are most likely to succeed. */
  useUpperBounds(): void {
    this.constants.set(this.#upper);
  }
}
