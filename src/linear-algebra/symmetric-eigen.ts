import { addScaled, dot, Matrix } from './matrix.ts';

/** Eigenvalues and orthonormal eigenvectors of a symmetric matrix A = Vᵀ diag(values) V. */
export interface SymmetricEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /** Row `i` is the eigenvector of eigenvalue `i`. */
  readonly vectors: Matrix;
}

/** More are never needed: an eigenvalue takes two or three on average. */
const maximumSweeps = 60;

/**
 * All eigenvalues and eigenvectors of a symmetric matrix: reduction to tridiagonal form by
 * reflections (Householder 1958), then implicit QL iteration (Dubrulle, Martin and Wilkinson 1968).
 * About 3 size³ multiplications; the error is a small multiple of the machine precision times the
 * largest eigenvalue.
 *
 * @param matrix symmetric and finite; the lower triangle is read
 * @throws RangeError when a number is not finite
 */
export function symmetricEigen(matrix: Matrix): SymmetricEigen {
  if (!matrix.values.every(Number.isFinite)) {
    throw new RangeError('a matrix with numbers that are not finite has no eigenvalues');
  }
  const { diagonal, offDiagonal, basis } = tridiagonalise(matrix);
  iterate(diagonal, offDiagonal, basis);
  return sorted(diagonal, basis);
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Element `i` stands between `i` and `i + 1`; the last one is 0. */
  readonly offDiagonal: Float64Array;
  /** Rows are the new axes: A = basisᵀ T basis. */
  readonly basis: Matrix;
}

/**
 * For each column in turn, a reflection I − β v vᵀ clears what stands below the first subdiagonal.
 */
function tridiagonalise(matrix: Matrix): Tridiagonal {
  const size = matrix.rows;
  const work = fromLowerTriangle(matrix);
  const basis = Matrix.identity(size);
  const offDiagonal = new Float64Array(size);
  const reflections: Reflection[] = [];
  for (let column = 0; column < size - 2; column++) {
    const reflection = reflectionFor(work, column);
    if (reflection === undefined) {
      offDiagonal[column] = work.at(column + 1, column);
      continue;
    }
    offDiagonal[column] = reflection.result;
    applyBothSides(work, reflection, column + 1);
    reflections.push(reflection);
  }
  if (size > 1) offDiagonal[size - 2] = work.at(size - 1, size - 2);
  // Last to first, each touches only rows and columns from its own start on.
  for (const reflection of reflections.toReversed()) applyToBasis(basis, reflection);
  const diagonal = Float64Array.from({ length: size }, (_, i) => work.at(i, i));
  return { diagonal, offDiagonal, basis: basis.transpose() };
}

interface Reflection {
  /** First row that it changes. */
  readonly start: number;
  /** Of length size − start. */
  readonly vector: Float64Array;
  readonly beta: number;
  /** What is left of the column, in row `start`. */
  readonly result: number;
}

/** @returns `undefined` when there is nothing to clear */
function reflectionFor(work: Matrix, column: number): Reflection | undefined {
  const start = column + 1;
  const vector = Float64Array.from({ length: work.rows - start }, (_, i) =>
    work.at(start + i, column),
  );
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (vector.subarray(1).every(value => value === 0)) return undefined;
  // Scaled, so that squares neither overflow nor vanish.
  vector.forEach((value, i) => (vector[i] = value / largest));
  const head = vector[0] as number;
  const norm = Math.sqrt(dot(vector, vector));
  const signedNorm = head > 0 ? -norm : norm;
  vector[0] = head - signedNorm;
  return { start, vector, beta: 2 / dot(vector, vector), result: signedNorm * largest };
}

/** A ← H A H for the part from `start` on: A − v wᵀ − w vᵀ with w = β A v − ½ β² (vᵀ A v) v. */
function applyBothSides(work: Matrix, { vector, beta }: Reflection, start: number): void {
  const length = vector.length;
  const product = Float64Array.from(
    { length },
    (_, i) => beta * dot(vector, work.row(start + i).subarray(start)),
  );
  addScaled(product, (-beta / 2) * dot(vector, product), vector);
  for (let i = 0; i < length; i++) {
    const row = work.row(start + i).subarray(start);
    const vi = vector[i] as number;
    const wi = product[i] as number;
    for (let j = 0; j < length; j++) {
      row[j] = (row[j] as number) - vi * (product[j] as number) - wi * (vector[j] as number);
    }
  }
}

function applyToBasis(basis: Matrix, { start, vector, beta }: Reflection): void {
  const size = basis.rows;
  const products = new Float64Array(size - start);
  for (let i = start; i < size; i++) {
    addScaled(products, vector[i - start] as number, basis.row(i).subarray(start));
  }
  for (let i = start; i < size; i++) {
    addScaled(basis.row(i).subarray(start), -beta * (vector[i - start] as number), products);
  }
}

/** Rotates the tridiagonal matrix until it is diagonal, and the rows of `basis` along with it. */
function iterate(diagonal: Float64Array, offDiagonal: Float64Array, basis: Matrix): void {
  const size = diagonal.length;
  // Where many eigenvalues are 0, their rows hold nothing but rounding, in which no element becomes
  // small beside its neighbours. Below the error of the largest eigenvalue, all of it is nothing.
  const nothing = Number.EPSILON * largestOf(diagonal, offDiagonal);
  for (let low = 0; low < size; low++) {
    for (let sweep = 0; ; sweep++) {
      const high = endOfBlock(diagonal, offDiagonal, low, nothing);
      if (high === low) break;
      if (sweep === maximumSweeps) {
        throw new RangeError('the eigenvalues of a symmetric matrix were not found');
      }
      sweepBlock(diagonal, offDiagonal, basis, low, high);
    }
  }
}

function largestOf(...vectors: readonly Float64Array[]): number {
  let largest = 0;
  for (const vector of vectors) {
    for (const value of vector) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

/** The last index of the block that begins at `low` and is not yet cut by a negligible element. */
function endOfBlock(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  low: number,
  nothing: number,
): number {
  let high = low;
  while (high < diagonal.length - 1) {
    const scale = Math.abs(diagonal[high] as number) + Math.abs(diagonal[high + 1] as number);
    if (Math.abs(offDiagonal[high] as number) <= Math.max(Number.EPSILON * scale, nothing)) break;
    high++;
  }
  return high;
}

/** One implicit QL step with Wilkinson's shift, from `high` down to `low`. */
function sweepBlock(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  basis: Matrix,
  low: number,
  high: number,
): void {
  const d = diagonal;
  const e = offDiagonal;
  const first = e[low] as number;
  const slope = ((d[low + 1] as number) - (d[low] as number)) / (2 * first);
  const root = Math.hypot(slope, 1);
  let bulge =
    (d[high] as number) - (d[low] as number) + first / (slope + (slope < 0 ? -root : root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = high - 1; i >= low; i--) {
    const f = sine * (e[i] as number);
    const b = cosine * (e[i] as number);
    const length = Math.hypot(f, bulge);
    e[i + 1] = length;
    if (length === 0) {
      // The block falls apart here; what is left of it is another sweep's work.
      d[i + 1] = (d[i + 1] as number) - shift;
      e[high] = 0;
      return;
    }
    sine = f / length;
    cosine = bulge / length;
    bulge = (d[i + 1] as number) - shift;
    const change = ((d[i] as number) - bulge) * sine + 2 * cosine * b;
    shift = sine * change;
    d[i + 1] = bulge + shift;
    bulge = cosine * change - b;
    rotateRows(basis.row(i), basis.row(i + 1), cosine, sine);
  }
  d[low] = (d[low] as number) - shift;
  e[low] = bulge;
  e[high] = 0;
}

function rotateRows(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < a.length; k++) {
    const x = a[k] as number;
    const y = b[k] as number;
    b[k] = sine * x + cosine * y;
    a[k] = cosine * x - sine * y;
  }
}

function sorted(values: Float64Array, vectors: Matrix): SymmetricEigen {
  const order = Array.from(values.keys()).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  return {
    values: Float64Array.from(order, i => values[i] as number),
    vectors: Matrix.fromRows(order.map(i => vectors.row(i))),
  };
}

function fromLowerTriangle(matrix: Matrix): Matrix {
  const result = matrix.clone();
  const { values, rows: size } = result;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) values[j * size + i] = values[i * size + j] as number;
  }
  return result;
}
