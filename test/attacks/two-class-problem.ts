import type { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import type { AttackResult } from '../../src/attacks/attack.ts';
import { Random } from '../../src/random/random.ts';
import { distances } from './attacking.ts';
import {
  answers,
  boxedDistance,
  difference,
  halfSaturatedSamples,
  type LinearModel,
  randomModel,
  unitBox,
} from './linear-models.ts';

/** A linear model of two classes with samples: the nearest adversary of each is known exactly. */
export interface TwoClassProblem {
  readonly model: LinearModel;
  readonly inputs: Batch;
  readonly labels: Int32Array;
}

/**
 * Sixty samples of thirty numbers, half of them at a side of the box, and a two-class model. Samples
 * within 0.05 of the boundary are left out: that is about the length of one step of Adam, and no
 * step can be right to 1% of it.
 */
export function twoClassProblem(): TwoClassProblem {
  const random = new Random(5, ['carlini-wagner']);
  const model = randomModel(random, 30, 2);
  const inputs = halfSaturatedSamples(random, 90, 30);
  const labels = answers(model, inputs);
  const rows = allRows(inputs.count)
    .filter(row => optimum(model, inputs.row(row), labels[row] ?? NaN) > 0.05)
    .slice(0, 60);
  return {
    model,
    inputs: inputs.gather(rows),
    labels: labels.filter((_, row) => rows.includes(row)),
  };
}

function optimum(model: LinearModel, sample: Float32Array, label: number): number {
  const { weights, bias } = difference(model, label, 1 - label);
  return boxedDistance(sample, weights, bias, unitBox, 'L2');
}

/** Found distance over the exact one, for each sample. */
export function ratiosToOptimum(
  result: AttackResult,
  { model, inputs, labels }: TwoClassProblem,
): number[] {
  const found = distances(result, inputs, 'L2');
  return found.map(
    (distance, row) => distance / optimum(model, inputs.row(row), labels[row] ?? NaN),
  );
}
