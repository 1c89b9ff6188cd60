import {
  add,
  argMax,
  clipByValue,
  grad,
  mul,
  sign,
  sum,
  tensor1d,
  tidy,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { Random } from '../../../src/random/random.ts';
import { imageTensor, labelsAt, type DigitSet } from './digit-set.ts';
import { crossEntropy, logitsOf } from './logits.ts';
import { perturb, type ProjectedGradient } from './projected-gradient.ts';

/** Samples that go through the network at a time. */
const batchSize = 200;

/** How many of a number of digits a model got right. */
export interface Accuracy {
  readonly correct: number;
  readonly of: number;
}

/** Changes images `[batch, height, width, 1]` of the given labels before the model sees them. */
type Change = (images: Tensor, labels: Tensor1D) => Tensor;

/** Accuracy on clean digits. */
export function accuracy(model: Sequential, digits: DigitSet): Accuracy {
  return accuracyAfter(images => images, model, digits);
}

/**
 * Accuracy under the fast gradient sign method (Goodfellow 2015): each image is moved by `epsilon`
 * along the sign of the gradient of its cross-entropy and clipped to [0, 1].
 *
 * @param epsilon bound of the perturbation in every pixel, in input units
 */
export function accuracyUnderFgsm(model: Sequential, digits: DigitSet, epsilon: number): Accuracy {
  const attack: Change = (images, labels) => {
    const slope = grad((x: Tensor) => sum(crossEntropy(logitsOf(model, x), labels)));
    return clipByValue(add(images, mul(sign(slope(images)), epsilon)), 0, 1);
  };
  return accuracyAfter(attack, model, digits);
}

/** Accuracy under projected gradient descent with one random start. */
export function accuracyUnderPgd(
  model: Sequential,
  digits: DigitSet,
  settings: ProjectedGradient,
  seed: number,
): Accuracy {
  const random = new Random(seed, ['evaluation-start']);
  const attack: Change = (images, labels) => perturb(model, images, labels, settings, random);
  return accuracyAfter(attack, model, digits);
}

function accuracyAfter(change: Change, model: Sequential, digits: DigitSet): Accuracy {
  let correct = 0;
  for (let start = 0; start < digits.count; start += batchSize) {
    const end = Math.min(digits.count, start + batchSize);
    const batch = Array.from({ length: end - start }, (_, i) => start + i);
    const labels = labelsAt(digits, batch);
    const answers = tidy(() => {
      const images = change(imageTensor(digits, batch), tensor1d(labels, 'int32'));
      return argMax(logitsOf(model, images), 1).dataSync<'int32'>();
    });
    correct += labels.filter((label, i) => answers[i] === label).length;
  }
  return { correct, of: digits.count };
}
