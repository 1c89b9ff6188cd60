import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dot, Matrix } from '../../src/linear-algebra/matrix.ts';
import { symmetricEigen } from '../../src/linear-algebra/symmetric-eigen.ts';
import { Random } from '../../src/random/random.ts';

function symmetric(size: number, entry: (i: number, j: number) => number): Matrix {
  return Matrix.fromRows(
    Array.from({ length: size }, (_, i) =>
      Array.from({ length: size }, (_unused, j) => entry(Math.max(i, j), Math.min(i, j))),
    ),
  );
}

function randomSymmetric(size: number, seed: number): Matrix {
  const random = new Random(seed, ['symmetric']);
  const lower = Array.from({ length: size * size }, () => random.normal());
  return symmetric(size, (i, j) => lower[i * size + j] ?? NaN);
}

/** A v = λ v and orthonormal vectors, within a few units of the last digit of the largest entry. */
function expectDecomposition(matrix: Matrix): void {
  const { values, vectors } = symmetricEigen(matrix);
  const scale = Math.max(...matrix.values.map(Math.abs), 1e-300) * matrix.rows;
  for (let i = 0; i < matrix.rows; i++) {
    const vector = vectors.row(i);
    const image = matrix.timesVector(vector);
    image.forEach((value, k) => {
      expect(Math.abs(value - (values[i] ?? NaN) * (vector[k] ?? NaN))).toBeLessThan(1e-13 * scale);
    });
    for (let j = 0; j <= i; j++) {
      expect(Math.abs(dot(vector, vectors.row(j)) - (i === j ? 1 : 0))).toBeLessThan(1e-12);
    }
    if (i > 0) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1] ?? NaN);
  }
}

describe('eigenvalues that are known', () => {
  test('of the second difference: 2 − 2 cos(kπ/(n+1))', () => {
    const size = 40;
    const matrix = symmetric(size, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0));
    const { values } = symmetricEigen(matrix);
    values.forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)), 12);
    });
    expectDecomposition(matrix);
  });

  test('of a diagonal matrix, of the identity, of zero', () => {
    const diagonal = symmetric(5, (i, j) => (i === j ? ([3, -1, 3, 0, 7][i] ?? NaN) : 0));
    expect([...symmetricEigen(diagonal).values]).toEqual([-1, 0, 3, 3, 7]);
    expect([...symmetricEigen(Matrix.identity(3)).values]).toEqual([1, 1, 1]);
    expect([...symmetricEigen(new Matrix(3, 3)).values]).toEqual([0, 0, 0]);
    expect([...symmetricEigen(Matrix.fromRows([[4]])).values]).toEqual([4]);
  });

  test('of a matrix of rank one', () => {
    const vector = [1, 2, -2, 4];
    const matrix = symmetric(4, (i, j) => (vector[i] ?? NaN) * (vector[j] ?? NaN));
    const { values, vectors } = symmetricEigen(matrix);
    expect(values[3]).toBeCloseTo(25, 12);
    for (const k of [0, 1, 2]) expect(values[k]).toBeCloseTo(0, 12);
    const alignment = Math.abs(dot(vectors.row(3), vector)) / 5;
    expect(alignment).toBeCloseTo(1, 12);
  });

  test('of few samples of many numbers, some always 0: most eigenvalues are 0', () => {
    // Σ x xᵀ of 40 samples of 300 numbers between 0 and 1, as the pixels of small pictures are.
    const random = new Random(3, ['pictures']);
    const samples = Array.from({ length: 40 }, () =>
      Float64Array.from({ length: 300 }, (_, i) =>
        i % 4 === 0 || random.uniform() < 0.7 ? 0 : random.uniform(),
      ),
    );
    const matrix = symmetric(300, (i, j) =>
      samples.reduce((sum, sample) => sum + (sample[i] ?? NaN) * (sample[j] ?? NaN), 0),
    );
    expectDecomposition(matrix);
    const { values } = symmetricEigen(matrix);
    const trace = samples.reduce((sum, sample) => sum + dot(sample, sample), 0);
    expect(values.reduce((sum, value) => sum + value, 0) / trace).toBeCloseTo(1, 12);
    expect(values.filter(value => value > 1e-9 * trace)).toHaveLength(40);
  });

  test('of two by two, at any scale', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -9, max: 9, noNaN: true }),
        fc.double({ min: -9, max: 9, noNaN: true }),
        fc.double({ min: -9, max: 9, noNaN: true }),
        fc.integer({ min: -150, max: 140 }),
        (a, b, c, exponent) => {
          const scale = 2 ** exponent;
          const matrix = Matrix.fromRows([
            [a * scale, b * scale],
            [b * scale, c * scale],
          ]);
          const centre = (a + c) / 2;
          const radius = Math.hypot((a - c) / 2, b);
          const [low = NaN, high = NaN] = symmetricEigen(matrix).values;
          expect(Math.abs(low / scale - (centre - radius))).toBeLessThan(1e-13);
          expect(Math.abs(high / scale - (centre + radius))).toBeLessThan(1e-13);
        },
      ),
    );
  });
});

describe('every symmetric matrix is decomposed', () => {
  test.each([2, 3, 5, 17, 64])('of size %d', size => {
    expectDecomposition(randomSymmetric(size, size));
  });

  test('with entries of very different size', () => {
    const base = randomSymmetric(12, 5);
    expectDecomposition(symmetric(12, (i, j) => base.at(i, j) * 10 ** (-i - j)));
  });

  test('with repeated eigenvalues', () => {
    expectDecomposition(symmetric(9, () => 1));
    expectDecomposition(symmetric(9, (i, j) => (i === j ? 1e-8 : 0)));
  });

  test('in blocks that have nothing to do with each other', () => {
    // The second difference, cut into three.
    const cuts = [6, 7];
    expectDecomposition(
      symmetric(15, (i, j) => (i === j ? 2 : i - j === 1 && !cuts.includes(i) ? -1 : 0)),
    );
  });

  test.each([0, 1, 5, 7, 16])('and %d vectors are the last of all', count => {
    const matrix = randomSymmetric(17, 3);
    const whole = symmetricEigen(matrix);
    const some = symmetricEigen(matrix, count);
    expect(some.values).toEqual(whole.values);
    expect([some.vectors.rows, some.vectors.columns]).toEqual([count, 17]);
    for (let i = 0; i < count; i++) {
      const vector = whole.vectors.row(17 - count + i);
      some.vectors.row(i).forEach((value, k) => expect(value).toBeCloseTo(vector[k] ?? NaN, 13));
    }
  });

  test('small integers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 49, maxLength: 49 }),
        (size, entries) => {
          const matrix = symmetric(size, (i, j) => entries[i * 7 + j] ?? NaN);
          expectDecomposition(matrix);
          const trace = Array.from({ length: size }, (_, i) => matrix.at(i, i)).reduce(
            (sum, value) => sum + value,
            0,
          );
          const sum = symmetricEigen(matrix).values.reduce((total, value) => total + value, 0);
          expect(sum).toBeCloseTo(trace, 10);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('but not one with numbers that are not finite', () => {
    expect(() => symmetricEigen(Matrix.fromRows([[NaN]]))).toThrow(RangeError);
  });
});
