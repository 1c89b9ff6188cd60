import { expect } from 'vitest';
import { type Batch } from '../../src/arrays/batch.ts';
import {
  type Attack,
  type AttackContext,
  type AttackResult,
  type Criterion,
  type Norm,
} from '../../src/attacks/attack.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import { type Classifier } from '../../src/model/classifier.ts';

/** Runs an attack and checks what holds for every attack on every model. */
export async function run(
  attack: Attack,
  classifier: Classifier,
  inputs: Batch,
  criterion: Criterion,
  options: Partial<AttackContext> = {},
): Promise<AttackResult> {
  const before = inputs.clone();
  const result = await attack.run({
    classifier,
    inputs,
    criterion,
    seed: 7,
    sampleIndices: allRows(inputs.count),
    ...options,
  });
  expect(inputs.values, 'the inputs are not written to').toEqual(before.values);
  await expectHonest(result, classifier, inputs, criterion);
  return result;
}

/** What no attack may claim wrongly. */
async function expectHonest(
  result: AttackResult,
  classifier: Classifier,
  inputs: Batch,
  criterion: Criterion,
): Promise<void> {
  const { lower, upper } = classifier.bounds;
  const outside = result.adversaries.values.filter(
    value => !(value >= Math.fround(lower) && value <= Math.fround(upper)),
  );
  expect([...outside], 'numbers outside the bounds').toEqual([]);

  // One sample at a time: the strictest way to ask again.
  for (const row of allRows(inputs.count)) {
    const logits = await classifier.logits(result.adversaries.gather([row]));
    const answer = logits.values.indexOf(Math.max(...logits.values));
    if (result.outcomes[row] !== 'succeeded') {
      expect(result.adversaries.row(row), 'no success, no change').toEqual(inputs.row(row));
    } else if (criterion.kind === 'misclassified') {
      expect(answer).not.toBe(criterion.labels[row]);
    } else {
      expect(answer).toBe(criterion.targets[row]);
    }
  }
}

/** Distance of each adversary from its clean sample. */
export function distances(result: AttackResult, inputs: Batch, norm: Norm): number[] {
  return allRows(inputs.count).map(row =>
    distanceBetween(inputs.row(row), result.adversaries.row(row), norm),
  );
}

export function leaving(labels: Iterable<number>): Criterion {
  return { kind: 'misclassified', labels: Int32Array.from(labels) };
}

export function reaching(labels: Iterable<number>, targets: Iterable<number>): Criterion {
  return {
    kind: 'classified-as',
    labels: Int32Array.from(labels),
    targets: Int32Array.from(targets),
  };
}
