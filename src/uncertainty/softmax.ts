/**
 * Probabilities and entropies of one sample in float64. Entropies are in nats, 0 · ln 0 is 0, and
 * neither −0 nor NaN comes out of finite logits.
 */

/** The logits or probabilities of one sample, `[classes]`. */
export type ClassValues = ArrayLike<number> & Iterable<number>;

/**
 * ln Σ exp(logits), shifted by the largest so that nothing overflows.
 *
 * @param logits finite, or −∞ for a class of probability zero
 */
export function logSumExp(logits: ClassValues): number {
  const largest = largestOf(logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/**
 * Writes softmax(logits / temperature) to `target`.
 *
 * @param logits finite, or −∞ for a class of probability zero
 * @param temperature above 0
 */
export function softmaxInto(
  target: Float64Array,
  logits: ClassValues,
  temperature = 1,
): Float64Array {
  const largest = largestOf(logits);
  let sum = 0;
  for (let k = 0; k < target.length; k++) {
    const weight = Math.exp(((logits[k] as number) - largest) / temperature);
    target[k] = weight;
    sum += weight;
  }
  for (let k = 0; k < target.length; k++) target[k] = (target[k] as number) / sum;
  return target;
}

/** softmax(logits / temperature) as a new array. */
export function softmax(logits: ClassValues, temperature = 1): Float64Array {
  return softmaxInto(new Float64Array(logits.length), logits, temperature);
}

/** −Σ p ln p, in [0, ln classes]. */
export function entropy(probabilities: ClassValues): number {
  let sum = 0;
  for (const p of probabilities) {
    if (p > 0) sum -= p * Math.log(p);
  }
  // A probability that rounding left above 1 must not make an entropy negative.
  return Math.max(0, sum);
}

/** Index of the largest value; the lowest one where several are equal. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) {
    if ((values[k] as number) > (values[best] as number)) best = k;
  }
  return best;
}

function largestOf(values: ArrayLike<number>): number {
  return values[argMax(values)] as number;
}
