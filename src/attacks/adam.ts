import { Batch } from '../arrays/batch.ts';

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const EPSILON = 1e-8;

/**
 * The optimiser Adam (Kingma and Ba 2015) with its usual constants, one for each sample of a batch:
 * no sample sees the moments of another.
 */
export class Adam {
  readonly #means: Batch;
  readonly #squares: Batch;

  constructor(count: number, shape: readonly number[]) {
    this.#means = Batch.zeros(count, shape);
    this.#squares = Batch.zeros(count, shape);
  }

  /** Forgets all moments. */
  reset(): void {
    this.#means.values.fill(0);
    this.#squares.values.fill(0);
  }

  /**
   * One step down the gradient for one sample, in place.
   *
   * @param step which step since the reset this is, from 1
   */
  descend(
    row: number,
    step: number,
    learningRate: number,
    gradient: Float64Array,
    variable: Float32Array,
  ): void {
    const means = this.#means.row(row);
    const squares = this.#squares.row(row);
    // The corrections for starting from zero, folded into one factor and one root.
    const squareCorrection = 1 - SQUARE_DECAY ** step;
    const rate = learningRate / (1 - MEAN_DECAY ** step);
    for (let i = 0; i < gradient.length; i++) {
      const slope = gradient[i] as number;
      const mean = MEAN_DECAY * (means[i] as number) + (1 - MEAN_DECAY) * slope;
      const square = SQUARE_DECAY * (squares[i] as number) + (1 - SQUARE_DECAY) * slope * slope;
      means[i] = mean;
      squares[i] = square;
      const root = Math.sqrt(square / squareCorrection);
      variable[i] = (variable[i] as number) - (rate * mean) / (root + EPSILON);
    }
  }
}
