/** The golden ratio's fractional part: each step keeps this share of the bracket. */
const goldenShare = (Math.sqrt(5) - 1) / 2;

/**
 * Where a function of one minimum is smallest, by golden-section search (Kiefer 1953).
 *
 * @param tolerance width of the last bracket; below about 1e-8 rounding of the values decides
 */
export function goldenSectionMinimum(
  valueAt: (x: number) => number,
  lower: number,
  upper: number,
  tolerance = 1e-7,
): number {
  let low = lower;
  let high = upper;
  let left = high - goldenShare * (high - low);
  let right = low + goldenShare * (high - low);
  let leftValue = valueAt(left);
  let rightValue = valueAt(right);
  while (high - low > tolerance) {
    if (leftValue <= rightValue) {
      high = right;
      [right, rightValue] = [left, leftValue];
      left = high - goldenShare * (high - low);
      leftValue = valueAt(left);
    } else {
      low = left;
      [left, leftValue] = [right, rightValue];
      right = low + goldenShare * (high - low);
      rightValue = valueAt(right);
    }
  }
  return (low + high) / 2;
}
