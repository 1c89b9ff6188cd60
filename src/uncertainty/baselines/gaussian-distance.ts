import type { Batch } from '../../arrays/batch.ts';
import { Cholesky } from '../../linear-algebra/cholesky.ts';
import { gramMatrix } from '../../linear-algebra/gram-matrix.ts';
import { addScaled, squaredNorm } from '../../linear-algebra/matrix.ts';

/** Keeps a covariance with dead features invertible: this share of the mean variance is added. */
const ridge = 1e-6;

/** Squared Mahalanobis distances to several centres under one covariance. */
export class GaussianDistance {
  /** A centre that all points are seen from, so that nothing is lost far from 0. */
  readonly #origin: Float64Array;
  /** Of the covariance L Lᵀ. */
  readonly #cholesky: Cholesky;
  /** L⁻¹ (c − origin) of each centre c. */
  readonly #whitenedCentres: readonly Float64Array[];

  /**
   * @param groups group of each sample, `[count]`; each group that occurs has a centre
   */
  constructor(features: Batch, groups: ArrayLike<number>) {
    const centres = centresOf(features, groups);
    const size = features.sampleSize;
    const covariance = gramMatrix(features.count, size, sample => {
      const centred = Float64Array.from(features.row(sample));
      addScaled(centred, -1, centres.get(groups[sample] as number) as Float64Array);
      return centred;
    });
    const { values } = covariance;
    values.forEach((value, i) => (values[i] = value / features.count));
    let trace = 0;
    for (let i = 0; i < size; i++) trace += covariance.at(i, i);
    // Features that never change at all still need a positive variance.
    const added = trace > 0 ? (ridge * trace) / size : 1;
    for (let i = 0; i < size; i++) values[i * size + i] = covariance.at(i, i) + added;
    const cholesky = Cholesky.of(covariance);
    if (cholesky === undefined) throw new RangeError('a covariance is not positive definite');
    this.#cholesky = cholesky;
    const [origin = new Float64Array(size)] = centres.values();
    this.#origin = origin;
    this.#whitenedCentres = Array.from(centres.values(), centre => this.#whiten(centre));
  }

  /** The squared distance to the nearest centre. */
  nearest(features: Float32Array): number {
    const whitened = this.#whiten(features);
    const distances = this.#whitenedCentres.map(centre => {
      const difference = whitened.slice();
      addScaled(difference, -1, centre);
      return squaredNorm(difference);
    });
    return Math.min(...distances);
  }

  #whiten(point: ArrayLike<number>): Float64Array {
    const difference = Float64Array.from(point);
    addScaled(difference, -1, this.#origin);
    return this.#cholesky.solveLower(difference);
  }
}

function centresOf(features: Batch, groups: ArrayLike<number>): ReadonlyMap<number, Float64Array> {
  const sums = new Map<number, { sum: Float64Array; count: number }>();
  for (let sample = 0; sample < features.count; sample++) {
    const group = groups[sample] as number;
    const entry = sums.get(group) ?? { sum: new Float64Array(features.sampleSize), count: 0 };
    addScaled(entry.sum, 1, features.row(sample));
    entry.count += 1;
    sums.set(group, entry);
  }
  return new Map(
    [...sums].map(([group, { sum, count }]) => [group, sum.map(value => value / count)]),
  );
}
