import type { TridiagonalForm } from './tridiagonal-form.ts';

/** More are never needed: an eigenvalue takes two or three on average. */
const maximumSweeps = 60;
/**
 * What a vector holds in place of 0 while it is rotated. Rotations of zeros leave numbers too small for
 * ordinary arithmetic, with which processors are a hundred times as slow.
 */
const nearlyZero = 1e-150;
/** Vectors that are rotated at a time: they stay in the cache while all rotations go by. */
const vectorsAtOnce = 32;

/** Rotations of neighbouring axes, from `high − 1` and `high` down to `low` and `low + 1`. */
interface Sweep {
  readonly low: number;
  readonly high: number;
  /** Cosine and sine of the rotation of `low + k` and `low + k + 1` at 2k and 2k + 1. */
  readonly turns: Float64Array;
}

/** Eigenvalues of a symmetric tridiagonal matrix, and the rotations that lead to its eigenvectors. */
export interface TridiagonalEigen {
  /** In no order. */
  readonly values: Float64Array;
  readonly sweeps: readonly Sweep[];
}

/**
 * Rotates a tridiagonal matrix until it is diagonal, by implicit QL iteration (Dubrulle, Martin and
 * Wilkinson 1968). The rotations are kept, about 14 bytes for each element of a full matrix.
 */
export function tridiagonalEigen(
  form: Pick<TridiagonalForm, 'diagonal' | 'offDiagonal'>,
): TridiagonalEigen {
  const values = form.diagonal.slice();
  const offDiagonal = form.offDiagonal.slice();
  const sweeps: Sweep[] = [];
  const size = values.length;
  // Where many eigenvalues are 0, their rows hold nothing but rounding, in which no element becomes
  // small beside its neighbours. Below the error of the largest eigenvalue, all of it is nothing.
  const nothing = Number.EPSILON * largestOf(values, offDiagonal);
  for (let low = 0; low < size; low++) {
    for (let attempt = 0; ; attempt++) {
      const high = endOfBlock(values, offDiagonal, low, nothing);
      if (high === low) break;
      if (attempt === maximumSweeps) {
        throw new RangeError('the eigenvalues of a symmetric matrix were not found');
      }
      sweeps.push(sweepBlock(values, offDiagonal, low, high));
    }
  }
  return { values, sweeps };
}

/**
 * Some eigenvectors of the tridiagonal matrix, each by taking the rotations back from its axis.
 *
 * @param indices places of their eigenvalues in `values`
 * @returns a vector for each index
 */
export function tridiagonalEigenvectors(
  { values, sweeps }: TridiagonalEigen,
  indices: readonly number[],
): Float64Array[] {
  const vectors = indices.map(index => {
    const axis = new Float64Array(values.length).fill(nearlyZero);
    axis[index] = 1;
    return axis;
  });
  for (let start = 0; start < vectors.length; start += vectorsAtOnce) {
    const few = vectors.slice(start, start + vectorsAtOnce);
    // Of a group of four, the ones that are missing are made up.
    while (few.length % 4 > 0) few.push(new Float64Array(values.length).fill(nearlyZero));
    // No later sweep touches an axis that is found.
    const last = Math.max(...indices.slice(start, start + vectorsAtOnce));
    for (let k = sweeps.length - 1; k >= 0; k--) {
      const sweep = sweeps[k] as Sweep;
      if (sweep.low > last) continue;
      for (let i = 0; i < few.length; i += 4) {
        const [a, b, c, d] = few.slice(i, i + 4) as [
          Float64Array,
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        takeBack(sweep, a, b, c, d);
      }
    }
  }
  for (const vector of vectors) {
    vector.forEach((value, i) => {
      if (Math.abs(value) < nearlyZero / Number.EPSILON) vector[i] = 0;
    });
  }
  return vectors;
}

/** x ← xᵀ G for the product G of a sweep's rotations, of four vectors. */
function takeBack(
  { low, high, turns }: Sweep,
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  d: Float64Array,
): void {
  let carriedA = a[low] as number;
  let carriedB = b[low] as number;
  let carriedC = c[low] as number;
  let carriedD = d[low] as number;
  for (let i = low; i < high; i++) {
    const cosine = turns[2 * (i - low)] as number;
    const sine = turns[2 * (i - low) + 1] as number;
    const nextA = a[i + 1] as number;
    const nextB = b[i + 1] as number;
    const nextC = c[i + 1] as number;
    const nextD = d[i + 1] as number;
    a[i] = cosine * carriedA + sine * nextA;
    b[i] = cosine * carriedB + sine * nextB;
    c[i] = cosine * carriedC + sine * nextC;
    d[i] = cosine * carriedD + sine * nextD;
    carriedA = cosine * nextA - sine * carriedA;
    carriedB = cosine * nextB - sine * carriedB;
    carriedC = cosine * nextC - sine * carriedC;
    carriedD = cosine * nextD - sine * carriedD;
  }
  a[high] = carriedA;
  b[high] = carriedB;
  c[high] = carriedC;
  d[high] = carriedD;
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
  low: number,
  high: number,
): Sweep {
  const d = diagonal;
  const e = offDiagonal;
  const turns = new Float64Array(2 * (high - low));
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
      for (let k = low; k <= i; k++) turns[2 * (k - low)] = 1;
      return { low, high, turns };
    }
    sine = f / length;
    cosine = bulge / length;
    bulge = (d[i + 1] as number) - shift;
    const change = ((d[i] as number) - bulge) * sine + 2 * cosine * b;
    shift = sine * change;
    d[i + 1] = bulge + shift;
    bulge = cosine * change - b;
    turns[2 * (i - low)] = cosine;
    turns[2 * (i - low) + 1] = sine;
  }
  d[low] = (d[low] as number) - shift;
  e[low] = bulge;
  e[high] = 0;
  return { low, high, turns };
}
