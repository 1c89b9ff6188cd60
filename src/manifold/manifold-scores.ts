import type { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';
import { distance } from './class-change.ts';
import type { Manifold } from './manifold.ts';

/**
 * Scores of how far inputs lie off the manifold, by name; higher = further.
 *
 * - `reconstruction-error`: ‖G(I(x)) − x‖₂ in input units (Meng and Chen 2017)
 * - `reconstruction-divergence`: Jensen-Shannon divergence in nats between the model's answers on x and
 *   on G(I(x)), in [0, ln 2] (Meng and Chen 2017)
 * - `critic`: −C(x), the verdict of the critic that the generator was trained against
 */
export async function manifoldScores(
  manifold: Manifold,
  classifier: Classifier,
  inputs: Batch,
): Promise<Record<string, Float64Array>> {
  const reconstructed = await manifold.reconstruct(inputs);
  const answers = await classifier.logits(inputs);
  const answersAfter = await classifier.logits(reconstructed);
  const verdicts = await manifold.criticScores(inputs);
  const rows = Array.from({ length: inputs.count }, (_, row) => row);
  return {
    'reconstruction-error': Float64Array.from(rows, row =>
      distance(inputs.row(row), reconstructed.row(row)),
    ),
    'reconstruction-divergence': Float64Array.from(rows, row =>
      jensenShannon(softmax(answers.row(row)), softmax(answersAfter.row(row))),
    ),
    critic: Float64Array.from(verdicts, verdict => -verdict),
  };
}

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, logit => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map(power => power / sum);
}

/** Half the divergence of each from their mean; 0 for equal answers. */
function jensenShannon(p: readonly number[], q: readonly number[]): number {
  let sum = 0;
  p.forEach((a, i) => {
    const b = q[i] as number;
    const middle = (a + b) / 2;
    if (a > 0) sum += (a * Math.log(a / middle)) / 2;
    if (b > 0) sum += (b * Math.log(b / middle)) / 2;
  });
  return Math.max(0, sum);
}
