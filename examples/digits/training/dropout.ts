import { mul, tensor } from '@tensorflow/tfjs-core';
import { Random } from '../../../src/random/random.ts';
import type { DropoutPass } from './logits.ts';

/**
 * Inverted dropout (Srivastava 2014) for one step of training: a value becomes zero with chance
 * `rate`, else it is scaled so that the mean stays. The masks come from seed, layer and step.
 */
export function seededDropout(seed: number, step: number): DropoutPass {
  return (values, rate, layerName) => {
    const random = new Random(seed, ['dropout', layerName, step]);
    const mask = new Float32Array(values.size);
    for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < rate ? 0 : 1 / (1 - rate);
    return mul(values, tensor(mask, values.shape));
  };
}
