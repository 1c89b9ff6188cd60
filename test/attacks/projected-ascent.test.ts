import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/arrays/batch.ts';
import type { Norm } from '../../src/attacks/attack.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, reaching, run } from './attacking.ts';
import {
  answers,
  boxedDistance,
  difference,
  halfSaturatedSamples,
  linearClassifier,
  type LinearModel,
  randomModel,
  unitBox,
} from './linear-models.ts';

let engine: Engine;
let model: LinearModel;
let classifier: Classifier;
let inputs: Batch;
let labels: Int32Array;

beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
  const random = new Random(21, ['projected ascent']);
  model = randomModel(random, 25, 2);
  classifier = linearClassifier(engine, model);
  inputs = halfSaturatedSamples(random, 60, 25);
  labels = answers(model, inputs);
});
afterAll(() => engine.dispose());

/** Exact distance of each sample to the boundary, in the box. */
function exactDistances(norm: Norm): number[] {
  return [...labels].map((label, row) => {
    const { weights, bias } = difference(model, label, 1 - label);
    return boxedDistance(inputs.row(row), weights, bias, unitBox, norm);
  });
}

/** Quantiles of the exact distances: epsilons at which some samples fall and some stand. */
function telling(exact: readonly number[]): number[] {
  const sorted = [...exact].sort((a, b) => a - b);
  return [0.2, 0.5, 0.8].map(part => sorted[Math.floor(part * sorted.length)] ?? NaN);
}

describe.each<Norm>(['Linf', 'L2', 'L1'])('in the ball of %s', norm => {
  /** A step of L1 moves one number only, so many short ones are needed. */
  const fineSteps = (epsilon: number): { steps: number; stepSize: number } =>
    norm === 'L1' ? { steps: 300, stepSize: epsilon / 50 } : { steps: 60, stepSize: epsilon / 10 };

  test.each<(epsilon: number) => AttackSettings>([
    epsilon => ({ attack: 'pgd', norm, epsilon, ...fineSteps(epsilon) }),
    epsilon => ({ attack: 'bim', norm, epsilon, ...fineSteps(epsilon) }),
    epsilon => ({ attack: 'mi-fgsm', norm, epsilon, ...fineSteps(epsilon) }),
  ])('the curve of robust accuracy of a linear model in a box is exact (%#)', async settings => {
    const exact = exactDistances(norm);
    // In L1 the last fraction of a step stays open.
    const slack = norm === 'L1' ? 0.02 : 1e-4;
    for (const epsilon of telling(exact).map(quantile => quantile * 1.0001)) {
      const attack = createAttack(settings(epsilon));
      const result = await run(attack, classifier, inputs, leaving(labels));
      const found = distances(result, inputs, norm);
      exact.forEach((distance, row) => {
        expect(found[row]).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
        if (Math.abs(distance / epsilon - 1) < slack) return;
        expect(result.outcomes[row]).toBe(distance < epsilon ? 'succeeded' : 'failed');
      });
    }
  });

  test('restarts never lose a success, and a first run is the same with and without more', async () => {
    const [, epsilon = NaN] = telling(exactDistances(norm));
    const settings = { attack: 'pgd', norm, epsilon, steps: 3, stepSize: epsilon / 4 } as const;
    const one = await run(createAttack(settings), classifier, inputs, leaving(labels));
    const many = createAttack({ ...settings, restarts: 4 });
    const more = await run(many, classifier, inputs, leaving(labels));
    one.outcomes.forEach((outcome, row) => {
      if (outcome !== 'succeeded') return;
      expect(more.adversaries.row(row)).toEqual(one.adversaries.row(row));
    });
    expect(Math.max(...more.steps)).toBeGreaterThan(Math.max(...one.steps));
  });
});

describe('projected gradient descent', () => {
  test.each([1, 2, 3, 5, 10, 40])(
    'crosses the ball whatever its start: %d steps by default break all that a linear model allows',
    async steps => {
      const exact = exactDistances('Linf');
      for (const epsilon of telling(exact)) {
        const attack = createAttack({ attack: 'pgd', norm: 'Linf', epsilon, steps });
        const { outcomes } = await run(attack, classifier, inputs, leaving(labels));
        exact.forEach((distance, row) => {
          if (Math.abs(distance / epsilon - 1) < 1e-4) return;
          expect(outcomes[row]).toBe(distance < epsilon ? 'succeeded' : 'failed');
        });
      }
    },
  );

  test('does not depend on the batch, on the order, nor on anything but seed and sample', async () => {
    const attack = createAttack({ attack: 'pgd', norm: 'Linf', epsilon: 0.05, steps: 7 });
    const whole = await run(attack, classifier, inputs, leaving(labels));
    const order = [...new Random(3, ['order']).permutation(inputs.count)].slice(0, 17);
    const some = await run(
      attack,
      classifier,
      inputs.gather(order),
      leaving(order.map(row => labels[row] ?? NaN)),
      { sampleIndices: order },
    );
    expect(some.adversaries.values).toEqual(whole.adversaries.gather(order).values);
    const again = await run(attack, classifier, inputs, leaving(labels), { seed: 8 });
    expect(again.adversaries.values).not.toEqual(whole.adversaries.values);
  });

  test('targeted, it reaches the target', async () => {
    const random = new Random(22, ['targeted']);
    const fourClasses = randomModel(random, 25, 4);
    const samples = halfSaturatedSamples(random, 30, 25);
    const right = answers(fourClasses, samples);
    const attack = createAttack({ attack: 'pgd', norm: 'Linf', epsilon: 0.4 });
    const targets = right.map(label => (label + 1) % 4);
    const criterion = reaching(right, targets);
    const result = await run(attack, linearClassifier(engine, fourClasses), samples, criterion);
    expect(result.outcomes.filter(outcome => outcome === 'succeeded').length).toBeGreaterThan(25);
  });

  test.each<AttackSettings>([
    { attack: 'bim', norm: 'Linf', epsilon: 0 },
    { attack: 'pgd', norm: 'L2', epsilon: 0, restarts: 2 },
    { attack: 'mi-fgsm', norm: 'L1', epsilon: 0 },
  ])('at ε = 0 nothing changes (%o)', async settings => {
    const result = await run(createAttack(settings), classifier, inputs, leaving(labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['failed']));
  });

  test('clips at every step: a small box holds strong attacks', async () => {
    // After CleverHans: epsilon 1 in a box of width 0.2, where clipping only at the end is weak.
    const bounds = { lower: 0.5, upper: 0.7 };
    const narrow = linearClassifier(engine, model, { bounds });
    const random = new Random(23, ['narrow box']);
    const samples = halfSaturatedSamples(random, 40, 25);
    samples.values.forEach((value, i) => (samples.values[i] = 0.5 + 0.2 * value));
    const right = answers(model, samples);
    const attack = createAttack({ attack: 'bim', norm: 'Linf', epsilon: 1, steps: 5 });
    const result = await run(attack, narrow, samples, leaving(right));
    const reachable = [...right].filter((label, row) => {
      const { weights, bias } = difference(model, label, 1 - label);
      return boxedDistance(samples.row(row), weights, bias, bounds, 'Linf') < 0.2;
    });
    expect(result.outcomes.filter(outcome => outcome === 'succeeded')).toHaveLength(
      reachable.length,
    );
    expect(reachable.length).toBeGreaterThan(0);
  });
});
