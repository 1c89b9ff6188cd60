/**
 * Whether logits say anything: none is not a number, and one is the largest. A logit of −∞ is a class
 * ruled out; +∞ twice, or −∞ everywhere, gives no probabilities.
 */
export function hasAnswer(logits: Float32Array): boolean {
  let largest = -Infinity;
  let infinite = 0;
  for (const logit of logits) {
    if (Number.isNaN(logit)) return false;
    if (logit === Infinity) infinite++;
    largest = Math.max(largest, logit);
  }
  return infinite < 2 && largest > -Infinity;
}

/** Index of the largest logit, or count of votes; of equal ones the first, as in TensorFlow.js and NumPy. */
export function predictedClass(logits: Float32Array | Int32Array): number {
  let best = 0;
  for (let k = 1; k < logits.length; k++) {
    if ((logits[k] as number) > (logits[best] as number)) best = k;
  }
  return best;
}
