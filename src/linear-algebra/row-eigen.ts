import { gramMatrix } from './gram-matrix.ts';
import { Matrix } from './matrix.ts';
import { reflectBackwards, Reflection } from './reflection.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Σ x xᵀ over rows x as Vᵀ diag(values) V, with orthonormal rows of V as new axes. */
export interface RowEigen {
  /** `[size]`, ascending; none is below 0. */
  readonly values: Float64Array;
  /** V x, `[size]`. */
  toAxes(x: Float64Array): Float64Array;
  /**
   * Vᵀ S.
   *
   * @param coordinates S, `[size, columns]`
   */
  fromAxes(coordinates: Matrix): Matrix;
}

/**
 * Eigenvalues and all axes of Σ x xᵀ over rows. Where there are fewer rows than numbers in a row, what
 * is decomposed has only as many rows and columns as there are rows: all other eigenvalues are 0, and
 * their axes any that are orthogonal to the rows. Either way the error of the eigenvalues is a small
 * multiple of the machine precision times the largest one, and the axes are orthonormal to it, whatever
 * the rank of the rows.
 *
 * @param rows called with the index of each row; must return `size` numbers
 * @throws RangeError when a number is not finite
 */
export function rowEigen(
  count: number,
  size: number,
  rows: (index: number) => ArrayLike<number>,
): RowEigen {
  return count < size ? fewRows(count, size, rows) : manyRows(count, size, rows);
}

function manyRows(
  count: number,
  size: number,
  rows: (index: number) => ArrayLike<number>,
): RowEigen {
  const { values, vectors } = symmetricEigen(gramMatrix(count, size, rows));
  return {
    values: notBelowZero(values),
    toAxes: x => vectors.timesVector(x),
    fromAxes: coordinates => byColumns(coordinates, column => vectors.transposeTimesVector(column)),
  };
}

/**
 * Reflections turn the rows into a lower triangle L, one row after the other (Householder 1958):
 * X = [L 0] H with H orthogonal, so Xᵀ X = Hᵀ [Lᵀ L, 0; 0, 0] H. H is kept as its reflections.
 */
function fewRows(
  count: number,
  size: number,
  rows: (index: number) => ArrayLike<number>,
): RowEigen {
  const work = Array.from({ length: count }, (_, i) => Float64Array.from(rows(i)));
  const reflections: Reflection[] = [];
  work.forEach((row, i) => {
    const reflection = Reflection.of(row.slice(i), i);
    if (reflection === undefined) return;
    row[i] = reflection.result;
    reflection.applyTo(work.slice(i + 1));
    reflections.push(reflection);
  });
  const triangle = work.map((row, i) => {
    const ofTriangle = new Float64Array(count);
    ofTriangle.set(row.subarray(0, i + 1));
    return ofTriangle;
  });
  const { values, vectors } = symmetricEigen(
    gramMatrix(count, count, i => triangle[i] as Float64Array),
  );
  const free = size - count;
  const allValues = new Float64Array(size);
  allValues.set(notBelowZero(values), free);
  return {
    values: allValues,
    toAxes: x => {
      const reflected = x.slice();
      for (const reflection of reflections) reflection.applyTo([reflected]);
      const coordinates = new Float64Array(size);
      coordinates.set(reflected.subarray(count));
      coordinates.set(vectors.timesVector(reflected.subarray(0, count)), free);
      return coordinates;
    },
    fromAxes: coordinates =>
      byColumns(coordinates, column => {
        const result = new Float64Array(size);
        result.set(vectors.transposeTimesVector(column.subarray(free)));
        result.set(column.subarray(0, free), count);
        reflectBackwards(reflections, [result]);
        return result;
      }),
  };
}

/** Rounding makes eigenvalues of 0 a little more or less. */
function notBelowZero(values: Float64Array): Float64Array {
  return values.map(value => Math.max(0, value));
}

function byColumns(matrix: Matrix, change: (column: Float64Array) => Float64Array): Matrix {
  const columns = matrix.transpose();
  const changed = Array.from({ length: columns.rows }, (_, k) => change(columns.row(k)));
  return Matrix.fromRows(changed).transpose();
}
