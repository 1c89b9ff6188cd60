import { probeInputs } from '../model/network-probe.ts';
import type { Bounds } from '../model/classifier.ts';
import type { Posterior } from './posterior.ts';

/** Passes of the probe. */
export const probePasses = 8;

/**
 * Whether the answers of a posterior to random inputs vary at all. Where they do not, its scores
 * would be 0 for every input and look like certainty.
 */
export async function answersVary(
  posterior: Posterior,
  inputShape: readonly number[],
  bounds: Bounds,
): Promise<boolean> {
  const inputs = probeInputs(inputShape, bounds);
  const { softmaxVariance } = await posterior.score(inputs, {
    passes: probePasses,
    seed: 0,
    sampleIndices: Array.from({ length: inputs.count }, (_, index) => index),
  });
  return softmaxVariance.some(variance => variance > 0);
}
