/** A dense matrix of float64 numbers, row after row. */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;

  /** @throws RangeError when the values are not rows × columns many */
  constructor(
    rows: number,
    columns: number,
    values: Float64Array = new Float64Array(rows * columns),
  ) {
    if (values.length !== rows * columns) {
      throw new RangeError(`${values.length} values are no ${rows} × ${columns} matrix`);
    }
    this.rows = rows;
    this.columns = columns;
    this.values = values;
  }

  /** A matrix from its rows, which must be equally long. */
  static fromRows(rows: readonly ArrayLike<number>[]): Matrix {
    const columns = rows[0]?.length ?? 0;
    const result = new Matrix(rows.length, columns);
    rows.forEach((row, i) => result.row(i).set(row));
    return result;
  }

  static identity(size: number): Matrix {
    const result = new Matrix(size, size);
    for (let i = 0; i < size; i++) result.values[i * size + i] = 1;
    return result;
  }

  /** Row `index` as a view: writing to it writes to the matrix. */
  row(index: number): Float64Array {
    return this.values.subarray(index * this.columns, (index + 1) * this.columns);
  }

  at(row: number, column: number): number {
    return this.values[row * this.columns + column] as number;
  }

  clone(): Matrix {
    return new Matrix(this.rows, this.columns, this.values.slice());
  }

  transpose(): Matrix {
    const result = new Matrix(this.columns, this.rows);
    for (let i = 0; i < this.rows; i++) {
      for (let j = 0; j < this.columns; j++) {
        result.values[j * this.rows + i] = this.at(i, j);
      }
    }
    return result;
  }

  /** The product with another matrix. */
  times(other: Matrix): Matrix {
    const result = new Matrix(this.rows, other.columns);
    for (let i = 0; i < this.rows; i++) {
      const target = result.row(i);
      for (let k = 0; k < this.columns; k++) addScaled(target, this.at(i, k), other.row(k));
    }
    return result;
  }

  /** The product with a column of numbers. */
  timesVector(vector: ArrayLike<number>): Float64Array {
    return Float64Array.from({ length: this.rows }, (_, i) => dot(this.row(i), vector));
  }

  /** The product of the transpose with a column of numbers, that is, of a row with the matrix. */
  transposeTimesVector(vector: ArrayLike<number>): Float64Array {
    const result = new Float64Array(this.columns);
    for (let i = 0; i < this.rows; i++) addScaled(result, vector[i] as number, this.row(i));
    return result;
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Adds `scale` times `values` to `target` in place. */
export function addScaled(target: Float64Array, scale: number, values: ArrayLike<number>): void {
  for (let i = 0; i < target.length; i++) {
    target[i] = (target[i] as number) + scale * (values[i] as number);
  }
}

/** Σ x², of a vector. */
export function squaredNorm(values: ArrayLike<number>): number {
  return dot(values, values);
}
