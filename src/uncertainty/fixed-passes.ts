import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { fillWithNoise } from './noise.ts';
import type { PassFunctions } from './pass-sampler.ts';

/**
 * Some passes with random numbers that stay the same for every input, as one differentiable function:
 * `[batch, …inputShape]` to the logits of all passes side by side, `[batch, passes · classes]`. It is
 * what someone sees who knows that dropout is kept on and attacks it.
 */
export function fixedPasses(
  functions: PassFunctions,
  passes: number,
  seed: number,
): (inputs: tf.Tensor) => tf.Tensor2D {
  const trunk = functions.trunk();
  const head = functions.head(passes);
  const noise = functions.sources.map(({ distribution, shape, key, multiplies }) => {
    const values = new Float32Array(passes * sizeOf(shape));
    fillWithNoise(values, distribution, new Random(seed, ['fixed-passes', ...key]));
    return { values, shape: [1, passes, ...shape], multiplies };
  });
  return inputs => {
    const [batch] = inputs.shape as [number];
    const frontier = trunk.compute(inputs);
    const forBatch = noise.map(({ values, shape, multiplies }) => {
      const drawn = tf.tensor(values, shape);
      if (multiplies !== undefined) {
        return tf.mul(tf.expandDims(frontier[multiplies] as tf.Tensor, 1), drawn);
      }
      const repeats = shape.map((_, axis) => (axis === 0 ? batch : 1));
      return tf.tile(drawn, repeats);
    });
    const [logits] = head.compute(...frontier, ...forBatch);
    return tf.reshape(logits as tf.Tensor, [batch, -1]);
  };
}
