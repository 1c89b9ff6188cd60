import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { checkpoints } from '../../src/attacks/auto-step.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, reaching, run } from './attacking.ts';
import {
  answers,
  halfSaturatedSamples,
  linearClassifier,
  type LinearModel,
  nearestBoundary,
  randomModel,
  unitBox,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

interface Problem {
  readonly model: LinearModel;
  readonly inputs: Batch;
  readonly labels: Int32Array;
}

function problem(seed: number, count: number, classes: number, features = 25): Problem {
  const random = new Random(seed, ['fixed budget']);
  const model = randomModel(random, features, classes);
  const inputs = halfSaturatedSamples(random, count, features);
  return { model, inputs, labels: answers(model, inputs) };
}

function exactDistances({ model, inputs, labels }: Problem, norm: 'Linf' | 'L2'): number[] {
  return [...labels].map((label, row) =>
    nearestBoundary(model, inputs.row(row), label, unitBox, norm),
  );
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

describe.each(['Linf', 'L2'] as const)('in the ball of %s', norm => {
  test.each([
    [2, 'cross-entropy'],
    [2, 'dlr'],
    [2, 'targeted-dlr'],
    // Aimed at every class, it also finds the nearest of several exactly.
    [5, 'targeted-dlr'],
  ] as const)('APGD has the exact robust accuracy: %d classes, %s', async (classes, loss) => {
    const task = problem(51, 50, classes);
    const exact = exactDistances(task, norm);
    const epsilon = middle(exact) * 1.0001;
    const attack = createAttack({ attack: 'apgd', norm, epsilon, loss });
    const classifier = linearClassifier(engine, task.model);
    const result = await run(attack, classifier, task.inputs, leaving(task.labels));
    const found = distances(result, task.inputs, norm);
    exact.forEach((distance, row) => {
      expect(found[row]).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
      if (Math.abs(distance / epsilon - 1) < 1e-4) return;
      expect(result.outcomes[row]).toBe(distance < epsilon ? 'succeeded' : 'failed');
    });
  });

  test('Square comes near to it without gradients', async () => {
    const task = problem(52, 30, 2, 64);
    const model = task.model;
    const classifier = functionClassifier(engine, {
      name: 'linear on pictures',
      inputShape: [8, 8, 1],
      classCount: 2,
      bounds: unitBox,
      apply: inputs =>
        tf.matMul(tf.reshape(inputs, [-1, 64]), tf.tensor2d(model.weights.map(row => [...row]))),
    });
    const pictures = new Batch(task.inputs.values, [8, 8, 1]);
    const exact = exactDistances(task, norm);
    const epsilon = middle(exact);
    const attack = createAttack({ attack: 'square', norm, epsilon, queries: 1000 });
    const result = await run(attack, classifier, pictures, leaving(task.labels));
    const found = distances(result, pictures, norm);
    // What random search can be relied on to reach; weights without any shape are hard on its bumps.
    const reach = norm === 'Linf' ? 0.95 : 0.6;
    exact.forEach((distance, row) => {
      expect(found[row]).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
      if (distance > epsilon) expect(result.outcomes[row]).toBe('failed');
      if (distance < reach * epsilon) expect(result.outcomes[row]).toBe('succeeded');
    });
  });
});

describe('random noise', () => {
  test.each(['uniform', 'gaussian', 'corners'] as const)(
    'has the length asked for (%s)',
    async distribution => {
      const task = problem(53, 40, 2);
      const classifier = linearClassifier(engine, task.model, { bounds: { lower: -9, upper: 9 } });
      for (const norm of ['Linf', 'L2', 'L1'] as const) {
        const epsilon = norm === 'Linf' ? 0.5 : norm === 'L2' ? 2 : 8;
        const attack = createAttack({ attack: 'noise', distribution, norm, epsilon, draws: 20 });
        const result = await run(attack, classifier, task.inputs, leaving(task.labels));
        const found = distances(result, task.inputs, norm).filter(distance => distance > 0);
        expect(found.length).toBeGreaterThan(0);
        found.forEach(distance => expect(distance / epsilon).toBeCloseTo(1, 5));
      }
    },
  );

  test('searching corners often enough finds the best one', async () => {
    const task = problem(54, 40, 2, 4);
    const exact = exactDistances(task, 'Linf');
    const epsilon = middle(exact);
    const attack = createAttack({
      attack: 'noise',
      distribution: 'corners',
      norm: 'Linf',
      epsilon,
      draws: 200,
    });
    const classifier = linearClassifier(engine, task.model);
    const result = await run(attack, classifier, task.inputs, leaving(task.labels));
    exact.forEach((distance, row) => {
      if (Math.abs(distance / epsilon - 1) < 1e-4) return;
      expect(result.outcomes[row]).toBe(distance < epsilon ? 'succeeded' : 'failed');
    });
  });
});

describe('attacks with a budget do not depend on', () => {
  const settings: readonly AttackSettings[] = [
    { attack: 'apgd', norm: 'Linf', epsilon: 0.04, loss: 'cross-entropy', steps: 9 },
    { attack: 'apgd', norm: 'L2', epsilon: 0.2, loss: 'targeted-dlr', steps: 9, targets: 2 },
    { attack: 'square', norm: 'Linf', epsilon: 0.3, queries: 40 },
    { attack: 'square', norm: 'L2', epsilon: 0.6, queries: 40 },
    { attack: 'noise', distribution: 'gaussian', norm: 'L2', epsilon: 3, draws: 20 },
    { attack: 'autoattack', norm: 'Linf', epsilon: 0.06 },
  ];

  test.each(settings)('batch and order, and repeat for the same seed: %o', async given => {
    const task = problem(55, 16, 4);
    const classifier = linearClassifier(engine, task.model);
    const attack = createAttack(given);
    const whole = await run(attack, classifier, task.inputs, leaving(task.labels));
    const order = [9, 3, 14];
    const some = await run(
      attack,
      classifier,
      task.inputs.gather(order),
      leaving(order.map(row => task.labels[row] ?? NaN)),
      { sampleIndices: order },
    );
    expect(some.adversaries.values).toEqual(whole.adversaries.gather(order).values);
    expect(some.outcomes).toEqual(order.map(row => whole.outcomes[row]));
    const succeeded = whole.outcomes.filter(outcome => outcome === 'succeeded');
    expect(succeeded.length).toBeGreaterThan(0);
  });

  test.each(settings)('anything at ε = 0: %o', async given => {
    const task = problem(56, 8, 4);
    const attack = createAttack({ ...given, epsilon: 0 } as AttackSettings);
    const classifier = linearClassifier(engine, task.model);
    const result = await run(attack, classifier, task.inputs, leaving(task.labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['failed']));
  });
});

test.each<AttackSettings>([
  { attack: 'apgd', norm: 'Linf', epsilon: 0.4, loss: 'cross-entropy' },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.4, loss: 'dlr' },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.4, loss: 'targeted-dlr' },
  { attack: 'square', norm: 'Linf', epsilon: 0.6, queries: 1000 },
])('targeted, %o reaches the target', async settings => {
  const task = problem(57, 12, 5);
  const targets = task.labels.map(label => (label + 2) % 5);
  const classifier = linearClassifier(engine, task.model);
  const criterion = reaching(task.labels, targets);
  const result = await run(createAttack(settings), classifier, task.inputs, criterion);
  const succeeded = result.outcomes.filter(outcome => outcome === 'succeeded');
  expect(succeeded.length).toBeGreaterThan(8);
});

test('APGD checks its progress when the paper does', () => {
  // For 100 steps, from its p_{j+1} = p_j + max(p_j − p_{j−1} − 0.03, 0.06).
  expect([...checkpoints(100).keys()]).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
});
