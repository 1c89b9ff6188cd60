import {
  add,
  clipByValue,
  grad,
  maximum,
  minimum,
  mul,
  sign,
  sub,
  sum,
  tensor,
  tidy,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import type { Random } from '../../../src/random/random.ts';
import { crossEntropy, logitsOf } from './logits.ts';

/** Settings of an attack in the L∞ norm, in input units. */
export interface ProjectedGradient {
  /** Most that a pixel may change. */
  readonly epsilon: number;
  readonly stepSize: number;
  readonly steps: number;
}

/**
 * Projected gradient descent with a random start (Madry et al., 2018): steps along the sign of the
 * gradient of the cross-entropy, each followed by a projection to the box and to [0, 1]. With one
 * step longer than epsilon it is the attack of fast adversarial training (Wong et al., 2020).
 *
 * @param images `[batch, height, width, 1]` in [0, 1]
 * @param labels `[batch]`, int32
 */
export function perturb(
  model: Sequential,
  images: Tensor,
  labels: Tensor1D,
  { epsilon, stepSize, steps }: ProjectedGradient,
  random: Random,
): Tensor {
  return tidy(() => {
    const lowest = clipByValue(sub(images, epsilon), 0, 1);
    const highest = clipByValue(add(images, epsilon), 0, 1);
    const project = (values: Tensor): Tensor => minimum(maximum(values, lowest), highest);
    const slope = grad((x: Tensor) => sum(crossEntropy(logitsOf(model, x), labels)));

    const start = Float32Array.from({ length: images.size }, () =>
      random.uniform(-epsilon, epsilon),
    );
    let adversaries = project(add(images, tensor(start, images.shape)));
    for (let step = 0; step < steps; step++) {
      adversaries = project(add(adversaries, mul(sign(slope(adversaries)), stepSize)));
    }
    return adversaries;
  });
}
