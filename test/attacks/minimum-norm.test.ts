import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import { attackNorm } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, reaching, run } from './attacking.ts';
import {
  answers,
  boxedTargetedL2Distance,
  halfSaturatedSamples,
  linearClassifier,
  type LinearModel,
  median,
  nearestBoundary,
  randomModel,
  unitBox,
  withHopelessClass,
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

/** Samples of which half of the numbers lie at a side of the box, at some distance of any boundary. */
function problem(seed: number, count: number, classes: number): Problem {
  const random = new Random(seed, ['minimum norm']);
  const model = randomModel(random, 30, classes);
  const inputs = halfSaturatedSamples(random, 2 * count, 30);
  const labels = answers(model, inputs);
  const rows = allRows(inputs.count)
    .filter(
      row => nearestBoundary(model, inputs.row(row), labels[row] ?? NaN, unitBox, 'L2') > 0.05,
    )
    .slice(0, count);
  return {
    model,
    inputs: inputs.gather(rows),
    labels: labels.filter((_, row) => rows.includes(row)),
  };
}

/** Found distance over the exact one; Infinity for a failure. */
async function ratios(
  settings: AttackSettings,
  { model, inputs, labels }: Problem,
): Promise<number[]> {
  const norm = attackNorm(settings);
  const classifier = linearClassifier(engine, model);
  const result = await run(createAttack(settings), classifier, inputs, leaving(labels));
  return distances(result, inputs, norm).map((distance, row) =>
    result.outcomes[row] === 'succeeded'
      ? distance / nearestBoundary(model, inputs.row(row), labels[row] ?? NaN, unitBox, norm)
      : Infinity,
  );
}

/**
 * Settings, and how near to the optimum they come: in the median, at worst with two classes, at worst
 * with four. With more than two, an attack that goes downhill may end at another class than the
 * nearest; only FAB-T asks every class.
 */
const accuracies: readonly (readonly [AttackSettings, number, number, number])[] = [
  [{ attack: 'ddn', steps: 300 }, 1.002, 1.005, 1.3],
  [{ attack: 'fmn', norm: 'L2', steps: 300 }, 1.001, 1.005, 1.3],
  [{ attack: 'fmn', norm: 'Linf', steps: 300 }, 1.001, 1.005, 1.3],
  [{ attack: 'fmn', norm: 'L1', steps: 300 }, 1.001, 1.005, 1.3],
  [{ attack: 'deepfool', norm: 'L2' }, 1.01, 1.1, 1.3],
  [{ attack: 'deepfool', norm: 'Linf' }, 1.01, 1.1, 1.3],
  [{ attack: 'fab', norm: 'L2' }, 1.01, 1.01, 1.01],
  [{ attack: 'fab', norm: 'Linf' }, 1.01, 1.01, 1.01],
  [{ attack: 'fab', norm: 'L1' }, 1.01, 1.01, 1.01],
];

describe('against the exact optimum of a linear model in a box', () => {
  test.each(accuracies)('two classes: %o', async (settings, typical, worst) => {
    const found = await ratios(settings, problem(41, 40, 2));
    expect(Math.min(...found)).toBeGreaterThan(0.9999);
    expect(median(found)).toBeLessThan(typical);
    expect(Math.max(...found)).toBeLessThan(worst);
  });

  test.each(accuracies)('four classes: %o', async (settings, typical, _, worst) => {
    const found = await ratios(settings, problem(41, 40, 4));
    expect(Math.min(...found)).toBeGreaterThan(0.9999);
    expect(median(found)).toBeLessThan(typical);
    expect(Math.max(...found)).toBeLessThan(worst);
  });
});

test.each<AttackSettings>([
  { attack: 'ddn', steps: 300 },
  { attack: 'fmn', norm: 'L2', steps: 300 },
  { attack: 'fab', norm: 'L2' },
  { attack: 'deepfool', norm: 'L2' },
])('targeted, %o reaches the target', async settings => {
  const { model, inputs, labels } = problem(42, 12, 4);
  const targets = labels.map(label => (label + 1) % 4);
  const classifier = linearClassifier(engine, model);
  const result = await run(createAttack(settings), classifier, inputs, reaching(labels, targets));
  const found = distances(result, inputs, 'L2').map((distance, row) =>
    result.outcomes[row] === 'succeeded'
      ? distance / boxedTargetedL2Distance(inputs.row(row), model, targets[row] ?? NaN, unitBox)
      : Infinity,
  );
  expect(Math.min(...found)).toBeGreaterThan(0.9999);
  expect(median(found)).toBeLessThan(1.01);
  expect(Math.max(...found)).toBeLessThan(1.1);
});

interface LinearGolden {
  readonly linear_binary: {
    readonly w: readonly number[];
    readonly b: number;
    readonly x: readonly number[];
    readonly min_l2: number;
    readonly min_linf: number;
    readonly min_l1: number;
  };
}

test.each<[AttackSettings, 'min_l2' | 'min_linf' | 'min_l1']>([
  [{ attack: 'ddn', steps: 1000 }, 'min_l2'],
  [{ attack: 'fmn', norm: 'L2', steps: 1000 }, 'min_l2'],
  [{ attack: 'fmn', norm: 'Linf', steps: 1000 }, 'min_linf'],
  [{ attack: 'fmn', norm: 'L1', steps: 1000 }, 'min_l1'],
  [{ attack: 'fab', norm: 'L2' }, 'min_l2'],
  [{ attack: 'fab', norm: 'Linf' }, 'min_linf'],
  [{ attack: 'fab', norm: 'L1' }, 'min_l1'],
])('%o comes to the golden distance', async (settings, name) => {
  const golden = (JSON.parse(readFileSync('test/fixtures/golden.json', 'utf8')) as LinearGolden)
    .linear_binary;
  const model = { weights: golden.w.map(weight => [weight, 0]), biases: [golden.b, 0] };
  const inputs = new Batch(Float32Array.from(golden.x), [4]);
  const result = await run(
    createAttack(settings),
    linearClassifier(engine, model),
    inputs,
    leaving([0]),
  );
  const [distance = NaN] = distances(result, inputs, attackNorm(settings));
  expect(distance / golden[name]).toBeGreaterThan(0.9999);
  expect(distance / golden[name]).toBeLessThan(1.01);
});

describe('does not depend on', () => {
  const settings: readonly AttackSettings[] = [
    { attack: 'ddn', steps: 20 },
    { attack: 'fmn', norm: 'Linf', steps: 20 },
    { attack: 'deepfool', norm: 'L2' },
    { attack: 'fab', norm: 'L2', steps: 8 },
  ];

  async function found(
    classifier: Classifier,
    given: AttackSettings,
    task: Problem,
  ): Promise<number[]> {
    const result = await run(createAttack(given), classifier, task.inputs, leaving(task.labels));
    return distances(result, task.inputs, attackNorm(given));
  }

  test.each(settings)('batch and order: %o', async given => {
    const task = problem(43, 12, 3);
    const classifier = linearClassifier(engine, task.model);
    const whole = await run(createAttack(given), classifier, task.inputs, leaving(task.labels));
    const order = [7, 2, 11];
    const some = await run(
      createAttack(given),
      classifier,
      task.inputs.gather(order),
      leaving(order.map(row => task.labels[row] ?? NaN)),
    );
    expect(some.adversaries.values).toEqual(whole.adversaries.gather(order).values);
  });

  test.each(settings)('a class without a chance, a shift of all logits: %o', async given => {
    const task = problem(44, 12, 4);
    const expected = await found(linearClassifier(engine, task.model), given, task);
    const widened = linearClassifier(engine, withHopelessClass(task.model));
    const shifted = linearClassifier(engine, task.model, { shift: -100 });
    for (const classifier of [widened, shifted]) {
      (await found(classifier, given, task)).forEach((distance, row) => {
        expect(Math.abs(distance / (expected[row] ?? NaN) - 1)).toBeLessThan(0.01);
      });
    }
  });
});
