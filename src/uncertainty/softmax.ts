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

/**
 * Writes the softmax of one sample of many to `target` and returns its entropy, with one logarithm
 * for all classes: with d_k the distance of logit k from the largest and s = Σ exp(−d_k), the
 * entropy is ln s + Σ exp(−d_k) d_k / s, a sum without cancellation.
 *
 * @param logits `[samples, classes]`, flat; −∞ is a class of probability zero
 * @param start where the logits of the sample begin
 * @returns NaN where a logit is NaN or +∞, or all are −∞
 */
export function softmaxWithEntropy(
  target: Float64Array,
  logits: ArrayLike<number>,
  start: number,
): number {
  const classes = target.length;
  let best = 0;
  for (let k = 1; k < classes; k++) {
    if ((logits[start + k] as number) > (logits[start + best] as number)) best = k;
  }
  const largest = logits[start + best] as number;
  if (!Number.isFinite(largest)) return NaN;
  let others = 0;
  let weighted = 0;
  for (let k = 0; k < classes; k++) {
    const difference = (logits[start + k] as number) - largest;
    const weight = Math.exp(difference);
    target[k] = weight;
    if (k === best) continue;
    others += weight;
    // Without weight the difference may be infinite.
    if (weight > 0) weighted -= weight * difference;
  }
  const sum = 1 + others;
  for (let k = 0; k < classes; k++) target[k] = (target[k] as number) / sum;
  // The logarithm of a number next to 1 would lose the digits of the others.
  return Math.log1p(others) + weighted / sum;
}

/** softmax(logits / temperature) as a new array. */
export function softmax(logits: ClassValues, temperature = 1): Float64Array {
  return softmaxInto(new Float64Array(logits.length), logits, temperature);
}

/**
 * ln p of each probability, which are logits of the same prediction. A probability that is 0 has been
 * too small for float64; it is taken for the smallest that is not, so that its logarithm is −744.
 */
export function logProbabilities(probabilities: Float64Array): Float32Array {
  return Float32Array.from(probabilities, p => Math.log(Math.max(p, Number.MIN_VALUE)));
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
