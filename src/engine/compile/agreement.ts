import { Random } from '../../random/random.ts';

/** Largest difference that is taken for rounding, relative to the largest number of its row. */
export const tolerance = 1e-4;

/**
 * The same for a whole step of a training. It sums over all pixels of a batch, and at its first call
 * Adam divides each gradient by its own size, so that one which is nearly zero is all rounding.
 */
export const stepTolerance = 1e-3;

/**
 * Least scale of a row that is a single number, a loss or a probability: it may be near zero after
 * sums of large numbers, and has no larger number beside it to be measured by.
 */
const leastScaleOfOne = 1e-2;

/**
 * How far the inputs are moved to see what rounding can do, relative to the largest number of a row.
 * In a deep network rounding adds up while random moves average out, so the moves grow; the largest
 * is 1/256 of a step of an 8-bit image.
 */
const nudges = [2 ** -20, 2 ** -20, 2 ** -18, 2 ** -18, 2 ** -16, 2 ** -16] as const;

/** How much more than moved inputs the compiled function may change a row. */
const slack = 4;

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
 * reference itself is computed at inputs that are moved a little; a difference of the size of the
 * reference's own jump, in the same row of the same output, is no disagreement.
 *
 * @param reference called again only where a row does not agree at once
 * @param allowed in place of {@link tolerance}
 * @returns nothing when they agree, else the worst difference relative to the largest number
 */
export async function findDisagreement(
  rows: number,
  inputs: Arrays,
  actual: Arrays,
  expected: Arrays,
  reference: RowFunction,
  allowed = tolerance,
): Promise<number | undefined> {
  const differences = differencesOf(rows, actual, expected);
  const scales = expected.flatMap(values => rowsOf(values, rows).map(scaleOf));
  const jumps = scales.map(() => 0);
  const disagreements = (): number[] =>
    differences.flatMap((difference, index) => {
      const [scale, jump] = [scales[index] as number, jumps[index] as number];
      return difference <= Math.max(allowed * scale, slack * jump) ? [] : [difference / scale];
    });

  for (const [attempt, nudge] of nudges.entries()) {
    if (disagreements().length === 0) return undefined;
    const moved = await reference(
      inputs.map((values, index) => nudged(values, rows, nudge, [attempt, index])),
    );
    differencesOf(rows, moved, expected).forEach((jump, index) => {
      // A reference that leaves the finite numbers when it is moved explains nothing.
      if (Number.isFinite(jump)) jumps[index] = Math.max(jumps[index] as number, jump);
    });
  }
  const unexplained = disagreements();
  return unexplained.length === 0 ? undefined : Math.max(...unexplained);
}

function rowsOf(values: Float32Array, rows: number): Float32Array[] {
  const size = values.length / rows;
  return Array.from({ length: rows }, (_, row) => values.subarray(row * size, (row + 1) * size));
}

/** The largest finite number of a row, regardless of its sign. */
function largest(row: Float32Array): number {
  return row.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
}

function scaleOf(row: Float32Array): number {
  return row.length === 1 ? Math.max(leastScaleOfOne, largest(row)) : largest(row);
}

/** The largest difference in each row of each output. */
function differencesOf(rows: number, actual: Arrays, expected: Arrays): number[] {
  return expected.flatMap((values, output) => {
    const computed = rowsOf(actual[output] as Float32Array, rows);
    return rowsOf(values, rows).map((row, index) =>
      largestDifference(computed[index] as Float32Array, row),
    );
  });
}

/** Infinite where one of two numbers is infinite or not a number and the other is not the same. */
function largestDifference(actual: Float32Array, expected: Float32Array): number {
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i] as number, expected[i] as number];
    if (Object.is(a, b)) continue;
    const difference = Math.abs(a - b);
    if (!Number.isFinite(difference)) return Infinity;
    most = Math.max(most, difference);
  }
  return most;
}

function nudged(
  values: Float32Array,
  rows: number,
  nudge: number,
  key: readonly number[],
): Float32Array {
  const random = new Random(0, ['nudge', ...key]);
  const moved = values.slice();
  for (const row of rowsOf(moved, rows)) {
    const distance = nudge * largest(row);
    row.forEach((value, index) => {
      row[index] = value + random.uniform(-distance, distance);
    });
  }
  return moved;
}
