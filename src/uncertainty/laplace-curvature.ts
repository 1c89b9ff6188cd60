import type { Batch } from '../arrays/batch.ts';
import { Cholesky } from '../linear-algebra/cholesky.ts';
import { addScaled, dot, Matrix, squaredNorm } from '../linear-algebra/matrix.ts';
import { rowEigen, type RowEigen } from '../linear-algebra/row-eigen.ts';
import { symmetricEigen } from '../linear-algebra/symmetric-eigen.ts';
import type { Random } from '../random/random.ts';
import { softmax } from './softmax.ts';

/**
 * Curvature of the loss by the last weights, at the weights that training has found: the generalised
 * Gauss-Newton matrix H of the cross-entropy, H = Σ Λ_n ⊗ φ_n φ_nᵀ with Λ_n = diag p_n − p_n p_nᵀ and
 * features φ_n with a 1 appended for the bias. With a Gaussian prior of precision λ the posterior
 * precision of the weights is P = H + λ I.
 */
export interface LaplaceCurvature {
  readonly structure: 'kronecker' | 'full';
  /** Weights and biases. */
  readonly parameterCount: number;
  /** ln det P. */
  logDeterminant(priorPrecision: number): number;
  /** Number of parameters that the data determines, Σ h / (h + λ) over the eigenvalues h of H. */
  effectiveParameters(priorPrecision: number): number;
  /**
   * A factor L of the covariance of the outputs at a point, f_Σ = J P⁻¹ Jᵀ = L Lᵀ with J = I ⊗ φᵀ.
   *
   * @param features without the 1 of the bias
   * @returns `[outputs, outputs]`
   */
  covarianceFactor(features: ArrayLike<number>, priorPrecision: number): Matrix;
  /**
   * How far the weights of one draw lie from those that training has found, ~ N(0, P⁻¹).
   *
   * @returns `[features + 1, outputs]`, the biases last
   */
  drawDeviation(priorPrecision: number, random: Random): Matrix;
}

/** Features of some inputs and what the last layer makes of them. */
export interface LastLayerData {
  /** `[count, features]` */
  readonly features: Batch;
  /** Outputs of one sample, `[outputs]`: logits, or the one logit of two classes. */
  readonly outputs: (sample: number) => Float64Array;
  readonly outputCount: number;
  /**
   * Number of samples that the curvature is to be of, for samples that stand for a larger set: H is
   * multiplied by it and divided by their own number, which is taken when it is left out.
   */
  readonly trainingCount?: number;
}

/**
 * The curvature with H approximated by a Kronecker product B ⊗ A of A = (1/N) Σ φ φᵀ and B = Σ Λ_n
 * (Ritter, Botev and Barber 2018, "A scalable Laplace approximation for neural networks"). After one
 * eigendecomposition of either factor every prior precision is cheap.
 */
export function kroneckerCurvature(data: LastLayerData): LaplaceCurvature {
  const { features, outputCount } = data;
  const ofFeatures = rowEigen(features.count, features.sampleSize + 1, sample =>
    withOne(features.row(sample)),
  );
  const b = new Matrix(outputCount, outputCount);
  const scale = scaleOf(data);
  for (let sample = 0; sample < features.count; sample++) {
    addScaled(b.values, scale, lossCurvature(data.outputs(sample)).values);
  }
  return new KroneckerCurvature(ofFeatures, features.count, b);
}

/** The curvature as it is. Its size is (features + 1) · outputs, so only for small last layers. */
export function fullCurvature(data: LastLayerData): LaplaceCurvature {
  const { features, outputCount } = data;
  const width = features.sampleSize + 1;
  const h = new Matrix(width * outputCount, width * outputCount);
  const samplesScale = scaleOf(data);
  for (let sample = 0; sample < features.count; sample++) {
    const phi = withOne(features.row(sample));
    const curvature = lossCurvature(data.outputs(sample));
    for (let row = 0; row < h.rows; row++) {
      const k = Math.floor(row / width);
      const target = h.row(row);
      for (let l = 0; l < outputCount; l++) {
        const scale = samplesScale * curvature.at(k, l) * (phi[row % width] as number);
        addScaled(target.subarray(l * width, (l + 1) * width), scale, phi);
      }
    }
  }
  return new FullCurvature(h, outputCount);
}

function scaleOf({ features, trainingCount = features.count }: LastLayerData): number {
  return trainingCount / features.count;
}

/** Second derivative of the cross-entropy by the outputs; of one output by the sigmoid. */
function lossCurvature(outputs: Float64Array): Matrix {
  if (outputs.length === 1) {
    const [p0, p1] = softmax([0, outputs[0] as number]) as unknown as [number, number];
    return new Matrix(1, 1, Float64Array.of(p0 * p1));
  }
  const p = softmax(outputs);
  const result = new Matrix(p.length, p.length);
  p.forEach((pk, k) => {
    addScaled(result.row(k), -pk, p);
    result.values[k * p.length + k] = pk * (1 - pk);
  });
  return result;
}

class KroneckerCurvature implements LaplaceCurvature {
  readonly structure = 'kronecker';
  readonly parameterCount: number;
  readonly #aValues: Float64Array;
  readonly #ofFeatures: RowEigen;
  readonly #bValues: Float64Array;
  readonly #bVectors: Matrix;

  /** @param ofFeatures of Σ φ φᵀ over `count` samples */
  constructor(ofFeatures: RowEigen, count: number, b: Matrix) {
    const ofB = symmetricEigen(b);
    this.#aValues = ofFeatures.values.map(value => value / count);
    this.#ofFeatures = ofFeatures;
    this.#bValues = ofB.values.map(value => Math.max(0, value));
    this.#bVectors = ofB.vectors;
    this.parameterCount = this.#aValues.length * b.rows;
  }

  logDeterminant(priorPrecision: number): number {
    return this.#sumOverEigenvalues(h => Math.log(h + priorPrecision));
  }

  effectiveParameters(priorPrecision: number): number {
    return this.#sumOverEigenvalues(h => h / (h + priorPrecision));
  }

  covarianceFactor(features: ArrayLike<number>, priorPrecision: number): Matrix {
    const squares = this.#ofFeatures.toAxes(withOne(features)).map(value => value * value);
    const deviations = this.#bValues.map(b => {
      let variance = 0;
      for (let i = 0; i < squares.length; i++) {
        const eigenvalue = (this.#aValues[i] as number) * b;
        variance += (squares[i] as number) / (eigenvalue + priorPrecision);
      }
      return Math.sqrt(variance);
    });
    const factor = this.#bVectors.transpose();
    for (let k = 0; k < factor.rows; k++) {
      const row = factor.row(k);
      deviations.forEach((deviation, j) => (row[j] = (row[j] as number) * deviation));
    }
    return factor;
  }

  /** U_Aᵀ S U_B with rows of eigenvectors, and S_ij ~ N(0, 1 / (a_i b_j + λ)). */
  drawDeviation(priorPrecision: number, random: Random): Matrix {
    const scaled = new Matrix(this.#aValues.length, this.#bValues.length);
    this.#aValues.forEach((a, i) => {
      const row = scaled.row(i);
      this.#bValues.forEach(
        (b, j) => (row[j] = random.normal() / Math.sqrt(a * b + priorPrecision)),
      );
    });
    return this.#ofFeatures.fromAxes(scaled.times(this.#bVectors));
  }

  #sumOverEigenvalues(term: (eigenvalue: number) => number): number {
    let sum = 0;
    for (const a of this.#aValues) for (const b of this.#bValues) sum += term(a * b);
    return sum;
  }
}

class FullCurvature implements LaplaceCurvature {
  readonly structure = 'full';
  readonly parameterCount: number;
  readonly #values: Float64Array;
  readonly #vectors: Matrix;
  readonly #outputCount: number;

  constructor(h: Matrix, outputCount: number) {
    const { values, vectors } = symmetricEigen(h);
    this.#values = values.map(value => Math.max(0, value));
    this.#vectors = vectors;
    this.#outputCount = outputCount;
    this.parameterCount = h.rows;
  }

  logDeterminant(priorPrecision: number): number {
    return this.#values.reduce((sum, h) => sum + Math.log(h + priorPrecision), 0);
  }

  effectiveParameters(priorPrecision: number): number {
    return this.#values.reduce((sum, h) => sum + h / (h + priorPrecision), 0);
  }

  covarianceFactor(features: ArrayLike<number>, priorPrecision: number): Matrix {
    const phi = withOne(features);
    const covariance = new Matrix(this.#outputCount, this.#outputCount);
    this.#values.forEach((h, m) => {
      const vector = this.#vectors.row(m);
      const projected = Float64Array.from({ length: this.#outputCount }, (_, k) =>
        dot(phi, vector.subarray(k * phi.length, (k + 1) * phi.length)),
      );
      projected.forEach((value, k) =>
        addScaled(covariance.row(k), value / (h + priorPrecision), projected),
      );
    });
    const cholesky = Cholesky.of(covariance);
    if (cholesky === undefined) throw new RangeError('a covariance is not positive definite');
    return cholesky.factor;
  }

  drawDeviation(priorPrecision: number, random: Random): Matrix {
    const drawn = new Float64Array(this.parameterCount);
    this.#values.forEach((h, m) => {
      addScaled(drawn, random.normal() / Math.sqrt(h + priorPrecision), this.#vectors.row(m));
    });
    const width = this.parameterCount / this.#outputCount;
    return new Matrix(this.#outputCount, width, drawn).transpose();
  }
}

/** The features with the 1 that the bias is multiplied by. */
function withOne(features: ArrayLike<number>): Float64Array {
  const result = new Float64Array(features.length + 1);
  result.set(features);
  result[features.length] = 1;
  return result;
}

/** The diagonal of L Lᵀ. */
export function variancesOf(factor: Matrix): Float64Array {
  return Float64Array.from({ length: factor.rows }, (_, k) => squaredNorm(factor.row(k)));
}
