import { Batch } from '../arrays/batch.ts';
import { hasAnswer, predictedClass } from '../model/answer.ts';
import type { Classifier } from '../model/classifier.ts';
import { Random } from '../random/random.ts';
import { lowerBound } from './binomial-bound.ts';
import { normalQuantile } from './normal-quantile.ts';

/** How a model is smoothed and certified. */
export interface SmoothingSettings {
  /** σ of the Gaussian noise, in input units, above 0. */
  readonly deviation: number;
  /** Noisy copies that choose the class. */
  readonly selectionDraws: number;
  /** Noisy copies that bound its chance. */
  readonly draws: number;
  /** Chance that a certificate is wrong, at most. */
  readonly alpha: number;
}

/** What is proved of some samples. */
export interface Certificates {
  /** Class of the smoothed model; −1 where it abstains. */
  readonly predictions: Int32Array;
  /** L2 radius within which the smoothed model's answer cannot change, in input units. */
  readonly radii: Float64Array;
}

export interface CertificationContext {
  readonly classifier: Classifier;
  readonly inputs: Batch;
  readonly seed: number;
  /** Index of each sample in its data set. */
  readonly sampleIndices: readonly number[];
  readonly signal?: AbortSignal;
}

/** Noisy copies that go through the model at a time. */
const batchSize = 100;

/**
 * Randomised smoothing: the class that a model gives most often under Gaussian noise cannot be
 * changed by any perturbation with an L2 norm below
 *
 *     R = σ · Φ⁻¹(p),   p a lower bound of the chance of that class
 *
 * with confidence 1 − α for each sample. The class is chosen from copies of their own. Where p is not
 * above ½ nothing is proved. It is a statement about the smoothed model, and about every attack; the
 * copies are not clipped to the bounds, which the proof does not allow. A copy that the model answers
 * with none, NaN say, as one that leaves the bounds may be, speaks for no class.
 *
 * Cohen, Rosenfeld, Kolter: Certified adversarial robustness via randomized smoothing (2019), CERTIFY.
 */
export async function certify(
  context: CertificationContext,
  { deviation, selectionDraws, draws, alpha }: SmoothingSettings,
): Promise<Certificates> {
  const { count } = context.inputs;
  const predictions = new Int32Array(count).fill(-1);
  const radii = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const chosen = predictedClass(
      await countClasses(context, row, 'selection', selectionDraws, deviation),
    );
    const counts = await countClasses(context, row, 'estimation', draws, deviation);
    const chance = lowerBound(counts[chosen] as number, draws, alpha);
    if (chance <= 0.5) continue;
    predictions[row] = chosen;
    radii[row] = deviation * normalQuantile(chance);
  }
  return { predictions, radii };
}

/** How often each class is the answer to noisy copies of one sample. Logits without an answer count for none. */
async function countClasses(
  { classifier, inputs, seed, sampleIndices, signal }: CertificationContext,
  row: number,
  purpose: 'selection' | 'estimation',
  draws: number,
  deviation: number,
): Promise<Int32Array> {
  const random = new Random(seed, ['smoothing', purpose, sampleIndices[row] as number]);
  const sample = inputs.row(row);
  const counts = new Int32Array(classifier.classCount);
  for (let done = 0; done < draws; done += batchSize) {
    signal?.throwIfAborted();
    const copies = Batch.zeros(Math.min(batchSize, draws - done), inputs.shape);
    for (let copy = 0; copy < copies.count; copy++) {
      const values = copies.row(copy);
      for (let i = 0; i < values.length; i++) {
        values[i] = (sample[i] as number) + deviation * random.normal();
      }
    }
    const logits = await classifier.logits(copies);
    for (let copy = 0; copy < copies.count; copy++) {
      if (!hasAnswer(logits.row(copy))) continue;
      const answer = predictedClass(logits.row(copy));
      counts[answer] = (counts[answer] as number) + 1;
    }
  }
  return counts;
}
