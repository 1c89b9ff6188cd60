import { Random } from '../random/random.ts';
import { ManifoldError } from './manifold-error.ts';

/** Which samples are trained on and which tell when to stop. */
export interface TrainingSplit {
  readonly training: readonly number[];
  readonly heldOut: readonly number[];
}

/** Share of a data set that is held out, and the most samples of it. */
const heldOutShare = 0.1;
const mostHeldOut = 500;

/**
 * Splits a data set by the seed: a tenth of it, at most 500 samples, is never trained on.
 *
 * @throws ManifoldError `manifold/too-few-samples`
 */
export function splitForTraining(count: number, seed: number, batchSize: number): TrainingSplit {
  const heldOut = Math.min(mostHeldOut, Math.floor(count * heldOutShare));
  if (count - heldOut < batchSize || heldOut < 1) {
    throw new ManifoldError(
      'manifold/too-few-samples',
      `A manifold needs more than ${batchSize} samples, and gets ${count}.`,
      { remedy: 'Give more data; they need no labels.' },
    );
  }
  const order = [...new Random(seed, ['manifold-split']).permutation(count)];
  return { heldOut: order.slice(0, heldOut), training: order.slice(heldOut) };
}
