/** Roundings of float32 by which two logits may differ and still count as a tie. */
const roundings = 4;
const rounding = 2 ** -24;

/**
 * Whether logits answer another class than `label` by more than rounding. A tie is no change: it
 * could turn over when the model runs again.
 */
export function answersOther(logits: Float32Array, label: number): boolean {
  const own = logits[label] as number;
  let other = -Infinity;
  logits.forEach((logit, k) => {
    if (k !== label && logit > other) other = logit;
  });
  const tie = roundings * rounding * Math.max(Math.abs(own), Math.abs(other));
  return other - own > tie;
}

/** Euclidean distance of two vectors, summed in float64. */
export function distance(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(squares);
}
