import { Random } from '../../random/random.ts';

/** Largest difference that is taken for rounding, relative to the largest number of its row. */
export const tolerance = 1e-4;

/**
 * How far the inputs are moved to see what rounding can do, relative to the largest number of a row:
 * eight units in the last place.
 */
const nudge = 2 ** -20;

/** How many times the inputs are moved. */
const nudgeCount = 3;

/** How much more than the moved inputs the compiled function may change a row. */
const slack = 10;

/** Outputs or inputs of a function, one array each, over the same number of rows. */
export type Arrays = readonly Float32Array[];

/** A function over rows. */
export type RowFunction = (inputs: Arrays) => Promise<Arrays>;

/**
 * Compares what a compiled function returns with what the reference returns for the same rows.
 *
 * A row agrees when every output is within {@link tolerance} of the reference, relative to the
 * largest number of that row. Where it is not, there may be a tie: relu at zero and a maximum of two
 * equal numbers have a gradient that jumps, and rounding alone decides on which side. So the
 * reference itself is computed at inputs that are moved by a few units in the last place; a
 * difference of the same size as the reference's own jump is no disagreement.
 *
 * @param reference called again only where a row does not agree at once
 * @returns nothing when they agree, else the worst difference relative to the largest number
 */
export async function findDisagreement(
  rows: number,
  inputs: Arrays,
  actual: Arrays,
  expected: Arrays,
  reference: RowFunction,
): Promise<number | undefined> {
  const differences = rowDifferences(rows, actual, expected);
  if (differences.every(difference => difference <= tolerance)) return undefined;

  const jumps = new Float64Array(rows);
  for (let attempt = 0; attempt < nudgeCount; attempt++) {
    const moved = await reference(
      inputs.map((values, index) => nudged(values, rows, [attempt, index])),
    );
    rowDifferences(rows, moved, expected).forEach((jump, row) => {
      jumps[row] = Math.max(jumps[row] as number, jump);
    });
  }
  const unexplained = differences.filter(
    (difference, row) => !(difference <= Math.max(tolerance, slack * (jumps[row] as number))),
  );
  return unexplained.length === 0 ? undefined : unexplained.reduce((a, b) => Math.max(a, b));
}

/** For each row the worst difference over all outputs, relative to the row's largest number. */
function rowDifferences(rows: number, actual: Arrays, expected: Arrays): Float64Array {
  const worst = new Float64Array(rows);
  expected.forEach((values, output) => {
    const computed = actual[output] as Float32Array;
    const size = values.length / rows;
    for (let row = 0; row < rows; row++) {
      const range = [row * size, (row + 1) * size] as const;
      const difference = difference1d(computed.subarray(...range), values.subarray(...range));
      worst[row] = Math.max(worst[row] as number, difference);
    }
  });
  return worst;
}

function difference1d(actual: Float32Array, expected: Float32Array): number {
  let scale = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i] as number, expected[i] as number];
    if (Object.is(a, b)) continue;
    scale = Math.max(scale, Math.abs(b));
    difference = Math.max(difference, Math.abs(a - b));
    // Infinite or not a number on one side only.
    if (!Number.isFinite(difference)) return Infinity;
  }
  for (const value of expected) scale = Math.max(scale, Math.abs(value));
  return difference === 0 ? 0 : difference / scale;
}

function nudged(values: Float32Array, rows: number, key: readonly number[]): Float32Array {
  const random = new Random(0, ['nudge', ...key]);
  const moved = values.slice();
  const size = values.length / rows;
  for (let row = 0; row < rows; row++) {
    const numbers = moved.subarray(row * size, (row + 1) * size);
    const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    numbers.forEach((value, index) => {
      numbers[index] = value + nudge * largest * random.uniform(-1, 1);
    });
  }
  return moved;
}
