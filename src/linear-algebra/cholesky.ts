import { dot, Matrix } from './matrix.ts';

/** The factor L of a symmetric positive definite matrix A = L Lᵀ. */
export class Cholesky {
  /** Lower triangular. */
  readonly factor: Matrix;

  private constructor(factor: Matrix) {
    this.factor = factor;
  }

  /**
   * @param matrix symmetric; the lower triangle is read
   * @returns `undefined` when the matrix is not positive definite
   */
  static of(matrix: Matrix): Cholesky | undefined {
    const size = matrix.rows;
    const factor = new Matrix(size, size);
    for (let i = 0; i < size; i++) {
      const row = factor.row(i);
      for (let j = 0; j <= i; j++) {
        const other = factor.row(j);
        const rest = matrix.at(i, j) - dot(row.subarray(0, j), other);
        if (i === j) {
          if (!(rest > 0)) return undefined;
          row[j] = Math.sqrt(rest);
        } else {
          row[j] = rest / (other[j] as number);
        }
      }
    }
    return new Cholesky(factor);
  }

  /** L⁻¹ x; its squared norm is xᵀ A⁻¹ x. */
  solveLower(x: ArrayLike<number>): Float64Array {
    const size = this.factor.rows;
    const result = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const row = this.factor.row(i);
      result[i] = ((x[i] as number) - dot(result.subarray(0, i), row)) / (row[i] as number);
    }
    return result;
  }

  /** ln det A. */
  logDeterminant(): number {
    let sum = 0;
    for (let i = 0; i < this.factor.rows; i++) sum += Math.log(this.factor.at(i, i));
    return 2 * sum;
  }
}
