import type { Matrix } from './matrix.ts';
import { Reflection } from './reflection.ts';

/** A symmetric matrix as A = Hᵀ T H, with T tridiagonal and H the product of reflections. */
export interface TridiagonalForm {
  readonly diagonal: Float64Array;
  /** Element `i` stands between `i` and `i + 1`; the last one is 0. */
  readonly offDiagonal: Float64Array;
  /** In the order in which they were applied: H is the last of them times … times the first. */
  readonly reflections: readonly Reflection[];
}

/**
 * Reduces a symmetric matrix to tridiagonal form (Householder 1958): for each column in turn, a
 * reflection on both sides clears what stands below the first subdiagonal. Only the lower triangle
 * is worked on; about ⅔ size³ multiplications.
 *
 * @param matrix the lower triangle is read
 */
export function tridiagonalForm(matrix: Matrix): TridiagonalForm {
  const size = matrix.rows;
  const work = matrix.clone();
  const offDiagonal = new Float64Array(size);
  const reflections: Reflection[] = [];
  for (let column = 0; column < size - 2; column++) {
    const start = column + 1;
    const below = Float64Array.from({ length: size - start }, (_, i) => work.at(start + i, column));
    const reflection = Reflection.of(below, start);
    if (reflection === undefined) {
      offDiagonal[column] = work.at(start, column);
      continue;
    }
    offDiagonal[column] = reflection.result;
    applyBothSides(work, reflection);
    reflections.push(reflection);
  }
  if (size > 1) offDiagonal[size - 2] = work.at(size - 1, size - 2);
  const diagonal = Float64Array.from({ length: size }, (_, i) => work.at(i, i));
  return { diagonal, offDiagonal, reflections };
}

/** A ← H A H for the part from `start` on: A − v wᵀ − w vᵀ with w = β A v − ½ β² (vᵀ A v) v. */
function applyBothSides(work: Matrix, { start, vector, beta }: Reflection): void {
  const product = timesLowerTriangle(work, start, vector);
  let overlap = 0;
  for (let i = 0; i < vector.length; i++) overlap += (product[i] as number) * (vector[i] as number);
  const share = (beta * overlap) / 2;
  for (let i = 0; i < vector.length; i++) {
    product[i] = beta * ((product[i] as number) - share * (vector[i] as number));
  }
  subtractBoth(work, start, vector, product);
}

/** A v for the part of A from `start` on, of which only the lower triangle is read. */
function timesLowerTriangle(work: Matrix, start: number, vector: Float64Array): Float64Array {
  const { values, columns: size } = work;
  const length = vector.length;
  const product = new Float64Array(length);
  let i = 0;
  // Two rows at a time: the product is read and written once for both.
  for (; i + 1 < length; i += 2) {
    const first = values.subarray((start + i) * size + start, (start + i) * size + start + i + 1);
    const second = values.subarray((start + i + 1) * size + start).subarray(0, i + 2);
    const vi = vector[i] as number;
    const vk = vector[i + 1] as number;
    let ofFirst = 0;
    let ofSecond = 0;
    for (let j = 0; j < i; j++) {
      const a = first[j] as number;
      const b = second[j] as number;
      const vj = vector[j] as number;
      ofFirst += a * vj;
      ofSecond += b * vj;
      product[j] = (product[j] as number) + a * vi + b * vk;
    }
    const between = second[i] as number;
    product[i] = ofFirst + (first[i] as number) * vi + between * vk;
    product[i + 1] = ofSecond + between * vi + (second[i + 1] as number) * vk;
  }
  if (i < length) {
    const row = values.subarray((start + i) * size + start, (start + i) * size + start + i + 1);
    const vi = vector[i] as number;
    let sum = 0;
    for (let j = 0; j < i; j++) {
      const a = row[j] as number;
      sum += a * (vector[j] as number);
      product[j] = (product[j] as number) + a * vi;
    }
    product[i] = sum + (row[i] as number) * vi;
  }
  return product;
}

/** A − v wᵀ − w vᵀ in the lower triangle from `start` on. */
function subtractBoth(work: Matrix, start: number, v: Float64Array, w: Float64Array): void {
  const { values, columns: size } = work;
  for (let i = 0; i < v.length; i++) {
    const row = values.subarray((start + i) * size + start, (start + i) * size + start + i + 1);
    const vi = v[i] as number;
    const wi = w[i] as number;
    for (let j = 0; j <= i; j++) {
      row[j] = (row[j] as number) - vi * (w[j] as number) - wi * (v[j] as number);
    }
  }
}
