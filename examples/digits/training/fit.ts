import { mean, tensor1d, tidy, type Scalar } from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { Random } from '../../../src/random/random.ts';
import { Adam } from './adam.ts';
import { imageTensor, labelsAt, type DigitSet, type Shift } from './digit-set.ts';
import { seededDropout } from './dropout.ts';
import { crossEntropy, logitsOf } from './logits.ts';
import { perturb, type ProjectedGradient } from './projected-gradient.ts';

/** How a model is trained. With the same plan, data and processor the weights come out the same. */
export interface TrainingPlan {
  /** Decides initial weights, order of the digits, shifts and dropout masks. */
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of Adam at the first step; it falls to 0 along half a cosine. */
  readonly learningRate: number;
  /** Training images are moved by up to this many pixels along each axis; 0 for none. */
  readonly maximumShift: number;
  /**
   * The attack whose results the model is trained on in place of the images themselves. It grows
   * from nothing over the first epochs: a fresh network learns nothing from its full strength.
   */
  readonly adversary?: ProjectedGradient & { readonly warmUpEpochs: number };
}

/** What training says after each step. */
export interface TrainingProgress {
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Mean cross-entropy of the step's batch in nats, with dropout. */
  readonly loss: number;
}

/** Trains all weights of `model` in place; the backend must be one whose gradients are right. */
export function fit(
  model: Sequential,
  digits: DigitSet,
  plan: TrainingPlan,
  onProgress: (progress: TrainingProgress) => void,
): void {
  const adam = new Adam(model);
  const stepsPerEpoch = Math.floor(digits.count / plan.batchSize);
  const totalSteps = plan.epochs * stepsPerEpoch;
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    const order = new Random(plan.seed, ['order', epoch]).permutation(digits.count);
    for (let step = 0; step < stepsPerEpoch; step++) {
      const stepsDone = epoch * stepsPerEpoch + step;
      const batch = order.subarray(step * plan.batchSize, (step + 1) * plan.batchSize);
      const learningRate =
        plan.learningRate * (0.5 + 0.5 * Math.cos((Math.PI * stepsDone) / totalSteps));
      const loss = tidy(() => {
        const clean = imageTensor(digits, batch, shiftsOf(plan, epoch));
        const labels = tensor1d(labelsAt(digits, batch), 'int32');
        const adversary = adversaryAt(plan, stepsDone / stepsPerEpoch);
        const start = new Random(plan.seed, ['adversary-start', stepsDone]);
        const images =
          adversary === undefined ? clean : perturb(model, clean, labels, adversary, start);
        const dropout = seededDropout(plan.seed, stepsDone);
        const batchLoss = (): Scalar =>
          mean(crossEntropy(logitsOf(model, images, dropout), labels));
        return adam.minimise(batchLoss, learningRate);
      });
      onProgress({ epoch, step, stepsPerEpoch, loss });
    }
  }
}

/** Uniformly random shifts, another one for each digit in each epoch. */
function shiftsOf({ seed, maximumShift }: TrainingPlan, epoch: number): (index: number) => Shift {
  const range = 2 * maximumShift + 1;
  return index => {
    const random = new Random(seed, ['shift', epoch, index]);
    return {
      right: random.integer(range) - maximumShift,
      down: random.integer(range) - maximumShift,
    };
  };
}

/** The attack of the plan, weakened while it warms up. */
function adversaryAt(
  { adversary }: TrainingPlan,
  epochsDone: number,
): ProjectedGradient | undefined {
  if (adversary === undefined) return undefined;
  const { epsilon, stepSize, steps, warmUpEpochs } = adversary;
  const strength = Math.min(1, epochsDone / warmUpEpochs);
  return { epsilon: strength * epsilon, stepSize: strength * stepSize, steps };
}
