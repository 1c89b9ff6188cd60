import { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';

/**
 * Expectation over transformation: a stochastic classifier as the mean of several passes, so that an
 * attack follows the expected gradient and not one draw of it. Logits are averaged like gradients.
 *
 * Athalye, Engstrom, Ilyas, Kwok: Synthesizing robust adversarial examples (2018).
 *
 * The new classifier does not own the old one: disposing of it does nothing.
 *
 * @param passes how many passes are averaged, at least 1
 */
export function averagedClassifier(classifier: Classifier, passes: number): Classifier {
  if (!Number.isInteger(passes) || passes < 1) {
    throw new RangeError(`${passes} passes cannot be averaged`);
  }
  return {
    inputShape: classifier.inputShape,
    classCount: classifier.classCount,
    bounds: classifier.bounds,
    logits: async inputs => {
      const sum = new RunningMean(inputs.count * classifier.classCount);
      for (let pass = 0; pass < passes; pass++) sum.add((await classifier.logits(inputs)).values);
      return new Batch(sum.mean(), [classifier.classCount]);
    },
    lossGradient: async (loss, inputs, parameters) => {
      const logits = new RunningMean(inputs.count * classifier.classCount);
      const losses = new RunningMean(inputs.count);
      const gradient = new RunningMean(inputs.values.length);
      for (let pass = 0; pass < passes; pass++) {
        const evaluation = await classifier.lossGradient(loss, inputs, parameters);
        logits.add(evaluation.logits.values);
        losses.add(evaluation.losses);
        gradient.add(evaluation.gradient.values);
      }
      return {
        logits: new Batch(logits.mean(), [classifier.classCount]),
        losses: losses.mean(),
        gradient: new Batch(gradient.mean(), inputs.shape),
      };
    },
    dispose: () => undefined,
  };
}

/** The mean of arrays of one length, summed in float64. */
class RunningMean {
  readonly #sums: Float64Array;
  #count = 0;

  constructor(length: number) {
    this.#sums = new Float64Array(length);
  }

  add(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) {
      this.#sums[i] = (this.#sums[i] as number) + (values[i] as number);
    }
    this.#count++;
  }

  mean(): Float32Array {
    return Float32Array.from(this.#sums, sum => sum / this.#count);
  }
}
