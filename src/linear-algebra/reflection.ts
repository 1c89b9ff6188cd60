import { dot } from './matrix.ts';

/** Rows that are reflected at a time: each number of the reflection is read once for all of them. */
const rowsAtOnce = 4;

/**
 * A reflection H = I − β v vᵀ (Householder 1958) that leaves of a vector a multiple of its first axis
 * only. H is symmetric, and its own inverse.
 */
export class Reflection {
  /** Numbers at the beginning of a vector that it does not touch. */
  readonly start: number;
  /** v, `[size − start]`. */
  readonly vector: Float64Array;
  readonly beta: number;
  /** What the vector that it was made for has in place `start` afterwards; it has 0 behind it. */
  readonly result: number;

  private constructor(start: number, vector: Float64Array, beta: number, result: number) {
    this.start = start;
    this.vector = vector;
    this.beta = beta;
    this.result = result;
  }

  /**
   * @param values what the vector holds from `start` on; taken over, not copied
   * @returns `undefined` when nothing but 0 follows the first number
   */
  static of(values: Float64Array, start: number): Reflection | undefined {
    if (values.subarray(1).every(value => value === 0)) return undefined;
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Scaled, so that squares neither overflow nor vanish.
    values.forEach((value, i) => (values[i] = value / largest));
    const head = values[0] as number;
    const norm = Math.sqrt(dot(values, values));
    const signedNorm = head > 0 ? -norm : norm;
    values[0] = head - signedNorm;
    return new Reflection(start, values, 2 / dot(values, values), signedNorm * largest);
  }

  /** Reflects each of some vectors, as long as the one that it was made for, in place. */
  applyTo(rows: readonly Float64Array[]): void {
    for (let i = 0; i < rows.length; i += rowsAtOnce) {
      const tails = rows.slice(i, i + rowsAtOnce).map(row => row.subarray(this.start));
      const [a, b, c, d] = tails;
      if (a !== undefined && b !== undefined && c !== undefined && d !== undefined) {
        this.#applyToFour(a, b, c, d);
      } else {
        for (const tail of tails) this.#applyToOne(tail);
      }
    }
  }

  #applyToFour(a: Float64Array, b: Float64Array, c: Float64Array, d: Float64Array): void {
    const v = this.vector;
    let ofA = 0;
    let ofB = 0;
    let ofC = 0;
    let ofD = 0;
    for (let j = 0; j < v.length; j++) {
      const value = v[j] as number;
      ofA += value * (a[j] as number);
      ofB += value * (b[j] as number);
      ofC += value * (c[j] as number);
      ofD += value * (d[j] as number);
    }
    ofA *= this.beta;
    ofB *= this.beta;
    ofC *= this.beta;
    ofD *= this.beta;
    for (let j = 0; j < v.length; j++) {
      const value = v[j] as number;
      a[j] = (a[j] as number) - ofA * value;
      b[j] = (b[j] as number) - ofB * value;
      c[j] = (c[j] as number) - ofC * value;
      d[j] = (d[j] as number) - ofD * value;
    }
  }

  #applyToOne(a: Float64Array): void {
    const v = this.vector;
    let ofA = 0;
    for (let j = 0; j < v.length; j++) ofA += (v[j] as number) * (a[j] as number);
    ofA *= this.beta;
    for (let j = 0; j < v.length; j++) a[j] = (a[j] as number) - ofA * (v[j] as number);
  }
}

/** Applies reflections to each of some vectors in place, the last one first. */
export function reflectBackwards(
  reflections: readonly Reflection[],
  rows: readonly Float64Array[],
): void {
  for (let i = 0; i < rows.length; i += rowsAtOnce) {
    // A few vectors stay in the cache while all reflections go by.
    const few = rows.slice(i, i + rowsAtOnce);
    for (let k = reflections.length - 1; k >= 0; k--) (reflections[k] as Reflection).applyTo(few);
  }
}
