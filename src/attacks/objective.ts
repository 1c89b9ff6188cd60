import type { Batch } from '../arrays/batch.ts';
import type { Classifier, LogitLoss, LossGradient } from '../model/classifier.ts';
import { errorLogOdds, negativeMargin } from '../model/losses.ts';
import type { Criterion } from './attack.ts';
import { referenceClass } from './criterion.ts';

/** A loss of the logits, and the way in which it has to change for the attack to succeed. */
export interface Objective {
  readonly loss: LogitLoss;
  /** 1: raise the loss (to leave the label). −1: lower it (to reach the target). */
  readonly direction: 1 | -1;
  /** Parameters of the loss for the samples at `rows`. */
  parameters(rows: readonly number[]): readonly Float32Array[];
}

/** Raise a loss that has the label as its one-hot parameter, or lower it with the target. */
export function referenceObjective(
  loss: LogitLoss,
  criterion: Criterion,
  classCount: number,
): Objective {
  return {
    loss,
    direction: criterion.kind === 'misclassified' ? 1 : -1,
    parameters: rows => [oneHotReferences(criterion, rows, classCount)],
  };
}

/**
 * Raise the cross-entropy with the label, or lower the one with the target. What is differentiated
 * is its monotone transform, the log-odds: the gradient has the same direction, and does not vanish
 * when the model is very sure.
 */
export function crossEntropyObjective(criterion: Criterion, classCount: number): Objective {
  return referenceObjective(errorLogOdds, criterion, classCount);
}

/** Raise the margin by which another class leads, or lower that over the target. Never saturates. */
export function marginObjective(criterion: Criterion, classCount: number): Objective {
  return referenceObjective(negativeMargin, criterion, classCount);
}

/** One pass of the model over the samples at `rows`, which are the rows of `inputs` in that order. */
export function objectiveGradient(
  classifier: Classifier,
  objective: Objective,
  inputs: Batch,
  rows: readonly number[],
): Promise<LossGradient> {
  return classifier.lossGradient(objective.loss, inputs, objective.parameters(rows));
}

/** The label (or target) of each sample at `rows` as a row of zeros with a single 1. */
export function oneHotReferences(
  criterion: Criterion,
  rows: readonly number[],
  classCount: number,
): Float32Array {
  return oneHot(rows, row => referenceClass(criterion, row), classCount);
}

/** A class of each sample at `rows` as a row of zeros with a single 1. */
export function oneHot(
  rows: readonly number[],
  classOf: (row: number) => number,
  classCount: number,
): Float32Array {
  const result = new Float32Array(rows.length * classCount);
  rows.forEach((row, position) => {
    result[position * classCount + classOf(row)] = 1;
  });
  return result;
}
