import { Matrix } from './matrix.ts';

/** Rows that go into a block; four fit the registers, and their products share one pass. */
const blockRows = 4;

/**
 * Σ x xᵀ over rows, symmetric, summed in float64.
 *
 * @param rows called with the index of each row; must return `size` numbers
 */
export function gramMatrix(
  count: number,
  size: number,
  rows: (index: number) => ArrayLike<number>,
): Matrix {
  const gram = new Matrix(size, size);
  const { values } = gram;
  const block = Array.from({ length: blockRows }, () => new Float64Array(size));
  const [a, b, c, d] = block as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let start = 0; start < count; start += blockRows) {
    block.forEach((row, i) => {
      if (start + i < count) row.set(rows(start + i));
      else row.fill(0);
    });
    for (let i = 0; i < size; i++) {
      const ai = a[i] as number;
      const bi = b[i] as number;
      const ci = c[i] as number;
      const di = d[i] as number;
      if (ai === 0 && bi === 0 && ci === 0 && di === 0) continue;
      const offset = i * size;
      for (let j = i; j < size; j++) {
        values[offset + j] =
          (values[offset + j] as number) +
          ai * (a[j] as number) +
          bi * (b[j] as number) +
          ci * (c[j] as number) +
          di * (d[j] as number);
      }
    }
  }
  mirrorUpperTriangle(gram);
  return gram;
}

function mirrorUpperTriangle(matrix: Matrix): void {
  const { values, rows: size } = matrix;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) values[j * size + i] = values[i * size + j] as number;
  }
}
