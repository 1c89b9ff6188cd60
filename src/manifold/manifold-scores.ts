import type { Batch } from '../arrays/batch.ts';
import { jensenShannon, softmax } from '../guard/guard-module.ts';
import type { Classifier } from '../model/classifier.ts';
import { distance } from './class-change.ts';
import type { Manifold } from './manifold.ts';

/**
 * Scores of how far inputs lie off the manifold, by name; higher = further.
 *
 * - `reconstruction-error`: ‖G(I(x)) − x‖₂ in input units (Meng and Chen 2017)
 * - `reconstruction-divergence`: Jensen-Shannon divergence in nats between the model's answers on x and
 *   on G(I(x)), in [0, ln 2] (Meng and Chen 2017), as an exported guard computes it
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
