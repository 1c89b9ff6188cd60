import { expect } from 'vitest';
import type { Batch } from '../../src/arrays/batch.ts';
import type {
  Attack,
  AttackContext,
  AttackResult,
  Criterion,
  Norm,
} from '../../src/attacks/attack.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import type { Classifier } from '../../src/model/classifier.ts';

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
  await expectHonest(result, classifier, inputs, criterion, attack.kind);
  return result;
}

/** What no attack may claim wrongly. */
async function expectHonest(
  result: AttackResult,
  classifier: Classifier,
  inputs: Batch,
  criterion: Criterion,
  kind: Attack['kind'],
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
    const outcome = result.outcomes[row];
    const wasAttacked = outcome !== 'already-wrong' && outcome !== 'not-run';
    const keepsAttempt = wasAttacked && kind === 'fixed-budget';
    if (outcome !== 'succeeded' && !keepsAttempt) {
      expect(result.adversaries.row(row), 'no success, no change').toEqual(inputs.row(row));
    }
    if (outcome !== 'succeeded') {
      if (!wasAttacked) continue;
      // An attempt within the budget is kept, but it does not do what success would, up to rounding
      // on the boundary itself.
      const label = criterion.labels[row] as number;
      const others = logits.values.filter((_, k) => k !== label);
      const lead = (logits.values[label] as number) - Math.max(...others);
      if (criterion.kind === 'classified-as') expect(answer).not.toBe(criterion.targets[row]);
      else expect(lead).toBeGreaterThan(-1e-4);
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
