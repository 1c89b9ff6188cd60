import { describe, expect, test } from 'vitest';
import { gramMatrix } from '../../src/linear-algebra/gram-matrix.ts';
import { Matrix } from '../../src/linear-algebra/matrix.ts';
import { rowEigen } from '../../src/linear-algebra/row-eigen.ts';
import { symmetricEigen } from '../../src/linear-algebra/symmetric-eigen.ts';
import { Random } from '../../src/random/random.ts';

function randomRows(count: number, size: number): Float64Array[] {
  const random = new Random(1, ['rows', count, size]);
  return Array.from({ length: count }, () =>
    Float64Array.from({ length: size }, () => random.normal()),
  );
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, within: number): void {
  expect(found.length).toBe(expected.length);
  Array.from(found).forEach((value, i) =>
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(within),
  );
}

/** Vᵀ diag(values) V is the sum, V is orthogonal, and the eigenvalues are those of the whole matrix. */
function expectDecomposition(rows: readonly Float64Array[], size: number): void {
  const eigen = rowEigen(rows.length, size, i => rows[i] ?? []);
  const { values } = eigen;
  const sum = gramMatrix(rows.length, size, i => rows[i] ?? []);
  const plain = symmetricEigen(sum);
  const nothing = 1e-14 * size * Math.max(...plain.values, 1e-300);
  expectClose(values, plain.values, nothing);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);

  const turned = eigen.fromAxes(Matrix.identity(size));
  expectClose(turned.times(turned.transpose()).values, Matrix.identity(size).values, 1e-13);
  const scaled = turned.clone();
  for (let i = 0; i < size; i++) {
    scaled.row(i).forEach((value, k) => (scaled.row(i)[k] = value * (values[k] ?? NaN)));
  }
  expectClose(scaled.times(turned.transpose()).values, sum.values, nothing);

  for (const x of randomRows(3, size)) {
    const coordinates = eigen.toAxes(x);
    expectClose(coordinates, turned.transposeTimesVector(x), 1e-13 * size);
    expectClose(eigen.fromAxes(new Matrix(size, 1, coordinates)).values, x, 1e-13 * size);
  }
}

describe('the sum of outer products of rows is decomposed', () => {
  test.each([
    [1, 1],
    [1, 5],
    [3, 7],
    [6, 7],
    [7, 7],
    [20, 7],
    [11, 60],
  ])('of %d random rows of %d numbers', (count, size) => {
    expectDecomposition(randomRows(count, size), size);
  });

  test.each([
    ['fewer', 9],
    ['more', 4],
  ])('of rows some of which are sums of others, %s numbers than rows or not', (_, size) => {
    const [a, b] = randomRows(2, size) as [Float64Array, Float64Array];
    const sum = a.map((value, i) => value + (b[i] ?? NaN));
    expectDecomposition([a, a, b, sum, a], size);
  });

  test('of rows of zeros, and of numbers that are always 0', () => {
    const zeros = new Float64Array(8);
    expectDecomposition([zeros, zeros], 8);
    const rows = randomRows(5, 8).map(row => row.map((value, i) => (i % 3 === 0 ? 0 : value)));
    expectDecomposition([zeros, ...rows], 8);
  });

  test('of rows of very different length', () => {
    expectDecomposition(
      randomRows(6, 10).map((row, i) => row.map(value => value * 10 ** (-3 * i))),
      10,
    );
  });
});

test('orthogonal rows have their squared lengths for eigenvalues', () => {
  const rows = [
    [0, 3, 0, 0, 0],
    [0, 0, 0, -2, 0],
    [4, 0, 0, 0, 3],
  ];
  const eigen = rowEigen(3, 5, i => rows[i] ?? []);
  expectClose(eigen.values, [0, 0, 4, 9, 25], 1e-14);
  const [, , second, third, first] = eigen.toAxes(Float64Array.of(8, 5, 1, 7, 6));
  expect(Math.abs(second ?? NaN)).toBeCloseTo(7, 13);
  expect(Math.abs(third ?? NaN)).toBeCloseTo(5, 13);
  expect(Math.abs(first ?? NaN)).toBeCloseTo(10, 13);
});

test('numbers that are not finite have no eigenvalues', () => {
  expect(() => rowEigen(1, 3, () => [1, NaN, 0])).toThrow(RangeError);
  expect(() => rowEigen(3, 1, () => [Infinity])).toThrow(RangeError);
});
