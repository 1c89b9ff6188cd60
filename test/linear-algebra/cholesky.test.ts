import { describe, expect, test } from 'vitest';
import { Cholesky } from '../../src/linear-algebra/cholesky.ts';
import { gramMatrix } from '../../src/linear-algebra/gram-matrix.ts';
import { dot, Matrix, squaredNorm } from '../../src/linear-algebra/matrix.ts';
import { symmetricEigen } from '../../src/linear-algebra/symmetric-eigen.ts';
import { Random } from '../../src/random/random.ts';

function randomRows(count: number, size: number): number[][] {
  const random = new Random(1, ['rows', count, size]);
  return Array.from({ length: count }, () => Array.from({ length: size }, () => random.normal()));
}

describe('the Gram matrix', () => {
  test.each([1, 3, 4, 5, 11])('of %d rows is the sum of their outer products', count => {
    const rows = randomRows(count, 6);
    const gram = gramMatrix(count, 6, i => rows[i] ?? []);
    const expected = Matrix.fromRows(rows).transpose().times(Matrix.fromRows(rows));
    gram.values.forEach((value, i) => expect(value).toBeCloseTo(expected.values[i] ?? NaN, 12));
  });
});

describe('the Cholesky factor', () => {
  const rows = randomRows(20, 6);
  const matrix = gramMatrix(20, 6, i => rows[i] ?? []);
  const cholesky = Cholesky.of(matrix);

  test('gives the matrix back', () => {
    const product = cholesky?.factor.times(cholesky.factor.transpose());
    matrix.values.forEach((value, i) => expect(product?.values[i]).toBeCloseTo(value, 10));
  });

  test('measures distances by the inverse', () => {
    const { values, vectors } = symmetricEigen(matrix);
    const x = randomRows(1, 6)[0] ?? [];
    const expected = values.reduce((sum, value, i) => sum + dot(vectors.row(i), x) ** 2 / value, 0);
    expect(squaredNorm(cholesky?.solveLower(x) ?? [])).toBeCloseTo(expected, 10);
  });

  test('has the determinant of the eigenvalues', () => {
    const expected = symmetricEigen(matrix).values.reduce((sum, value) => sum + Math.log(value), 0);
    expect(cholesky?.logDeterminant()).toBeCloseTo(expected, 10);
  });

  test('does not exist for a matrix that is not positive definite', () => {
    expect(
      Cholesky.of(
        Matrix.fromRows([
          [1, 2],
          [2, 1],
        ]),
      ),
    ).toBeUndefined();
    expect(Cholesky.of(new Matrix(2, 2))).toBeUndefined();
  });
});
