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
} from '@tensorflow/tfjs-core';
import { type Sequential } from '@tensorflow/tfjs-layers';
import { imageTensor, labelsAt, type DigitSet } from './digit-set.ts';
import { crossEntropy, logitsOf } from './logits.ts';

/** Samples that go through the network at a time. */
const batchSize = 200;

/** How many of a number of digits a model got right. */
export interface Accuracy {
  readonly correct: number;
  readonly of: number;
}

/** Accuracy on clean digits. */
export function accuracy(model: Sequential, digits: DigitSet): Accuracy {
  return accuracyUnderFgsm(model, digits, 0);
}

/**
 * Accuracy under the fast gradient sign method (Goodfellow 2015): each image is moved by `epsilon`
 * along the sign of the gradient of its cross-entropy and clipped to [0, 1].
 *
 * @param epsilon bound of the perturbation in every pixel, in input units
 */
export function accuracyUnderFgsm(model: Sequential, digits: DigitSet, epsilon: number): Accuracy {
  let correct = 0;
  for (let start = 0; start < digits.count; start += batchSize) {
    const end = Math.min(digits.count, start + batchSize);
    const batch = Array.from({ length: end - start }, (_, i) => start + i);
    const expected = labelsAt(digits, batch);
    const answers = tidy(() => {
      const images = imageTensor(digits, batch);
      const labels = tensor1d(expected, 'int32');
      const slope = grad(x => sum(crossEntropy(logitsOf(model, x), labels)));
      const attacked =
        epsilon === 0 ? images : clipByValue(add(images, mul(sign(slope(images)), epsilon)), 0, 1);
      return argMax(logitsOf(model, attacked), 1).dataSync<'int32'>();
    });
    correct += expected.filter((label, i) => answers[i] === label).length;
  }
  return { correct, of: digits.count };
}
