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
  const noise = functions.sources.map(({ distribution, shape, key }) => {
    const values = new Float32Array(passes * sizeOf(shape));
    fillWithNoise(values, distribution, new Random(seed, ['fixed-passes', ...key]));
    return { values, shape: [1, passes, ...shape] };
  });
  return inputs => {
    const [batch] = inputs.shape as [number];
    const forBatch = noise.map(({ values, shape }) => {
      const repeats = shape.map((_, axis) => (axis === 0 ? batch : 1));
      return tf.tile(tf.tensor(values, shape), repeats);
    });
    const [logits] = head.compute(...trunk.compute(inputs), ...forBatch);
    return tf.reshape(logits as tf.Tensor, [batch, -1]);
  };
}
