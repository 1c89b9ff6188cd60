import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import type { AttackProgress } from '../../src/attacks/attack.ts';
import { AttackError } from '../../src/attacks/attack-error.ts';
import { carliniWagner } from '../../src/attacks/carlini-wagner.ts';
import type { CarliniWagnerSettings } from '../../src/attacks/carlini-wagner-settings.ts';
import { criterionGap } from '../../src/attacks/criterion.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, reaching, run } from './attacking.ts';
import { ratiosToOptimum, twoClassProblem } from './two-class-problem.ts';
import {
  answers,
  binaryModel,
  boxedTargetedL2Distance,
  halfSaturatedSamples,
  linearClassifier,
  type LinearModel,
  median,
  randomModel,
  unitBox,
  wideBox,
  withHopelessClass,
} from './linear-models.ts';

const quick: CarliniWagnerSettings = { attack: 'carlini-wagner', preset: 'quick' };

interface LinearGolden {
  readonly linear_multiclass: {
    readonly W: readonly (readonly number[])[];
    readonly b: readonly number[];
    readonly x: readonly number[];
    readonly label: number;
    readonly boundary_distances: readonly ({ readonly l2: number } | null)[];
  };
}

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

describe('Carlini and Wagner against the exact optimum of a linear model in a box', () => {
  test('quick: within 1% in the median, 10% at worst', async () => {
    const problem = twoClassProblem();
    const { model, inputs, labels } = problem;
    const classifier = linearClassifier(engine, model);
    const result = await run(carliniWagner(quick), classifier, inputs, leaving(labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded']));
    const ratios = ratiosToOptimum(result, problem);
    expect(Math.min(...ratios)).toBeGreaterThan(0.9999);
    expect(median(ratios)).toBeLessThan(1.01);
    expect(Math.max(...ratios)).toBeLessThan(1.1);
  });

  test('full: within 1%', { timeout: 300_000 }, async () => {
    const problem = twoClassProblem();
    const { model, inputs, labels } = problem;
    const classifier = linearClassifier(engine, model);
    const attack = carliniWagner({ attack: 'carlini-wagner', preset: 'full' });
    const result = await run(attack, classifier, inputs, leaving(labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded']));
    const ratios = ratiosToOptimum(result, problem);
    expect(Math.min(...ratios)).toBeGreaterThan(0.9999);
    expect(Math.max(...ratios)).toBeLessThan(1.01);
  });

  test('targeted, with four classes', async () => {
    const random = new Random(6, ['carlini-wagner targeted']);
    const model = randomModel(random, 30, 4);
    const inputs = halfSaturatedSamples(random, 20, 30);
    const labels = answers(model, inputs);
    const targets = labels.map(label => (label + 1) % 4);
    const classifier = linearClassifier(engine, model);
    const criterion = reaching(labels, targets);
    const result = await run(carliniWagner(quick), classifier, inputs, criterion);
    const ratios = distances(result, inputs, 'L2').map(
      (distance, row) =>
        distance / boxedTargetedL2Distance(inputs.row(row), model, targets[row] ?? NaN, unitBox),
    );
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded']));
    expect(Math.min(...ratios)).toBeGreaterThan(0.9999);
    expect(median(ratios)).toBeLessThan(1.01);
    expect(Math.max(...ratios)).toBeLessThan(1.1);
  });

  test('golden distances to each other class, and to the nearest', async () => {
    const golden = (JSON.parse(readFileSync('test/fixtures/golden.json', 'utf8')) as LinearGolden)
      .linear_multiclass;
    const classifier = linearClassifier(
      engine,
      { weights: golden.W, biases: golden.b },
      { bounds: { lower: -5, upper: 5 } },
    );
    const inputs = new Batch(Float32Array.from(golden.x), [golden.x.length]);
    const attack = carliniWagner({ ...quick, iterations: 1000, learningRate: 0.005 });
    const nearest = await run(attack, classifier, inputs, leaving([golden.label]));
    const expected = golden.boundary_distances.map(distance => distance?.l2 ?? Infinity);
    const [distance = NaN] = distances(nearest, inputs, 'L2');
    expect(distance / Math.min(...expected)).toBeGreaterThan(0.9999);
    expect(distance / Math.min(...expected)).toBeLessThan(1.01);
  });
});

describe('Carlini and Wagner does not depend on', () => {
  /** Few steps on purpose: an attack that has not converged shows every difference. */
  const short = carliniWagner({ ...quick, iterations: 60, binarySearchSteps: 3 });

  interface Problem {
    readonly model: LinearModel;
    readonly inputs: Batch;
    readonly labels: Int32Array;
  }

  function fourClassProblem(): Problem {
    const random = new Random(8, ['carlini-wagner independence']);
    const model = randomModel(random, 20, 4);
    const inputs = halfSaturatedSamples(random, 24, 20);
    return { model, inputs, labels: answers(model, inputs) };
  }

  async function distancesOf(classifier: Classifier, problem: Problem): Promise<number[]> {
    const result = await run(short, classifier, problem.inputs, leaving(problem.labels));
    expect(result.outcomes.filter(outcome => outcome === 'succeeded').length).toBeGreaterThan(12);
    return distances(result, problem.inputs, 'L2');
  }

  function expectClose(
    actual: readonly number[],
    expected: readonly number[],
    relative: number,
  ): void {
    actual.forEach((value, i) => {
      const reference = expected[i] ?? NaN;
      expect(Math.abs(value - reference)).toBeLessThanOrEqual(relative * reference);
    });
  }

  test('the other samples in the batch, nor on their order', async () => {
    const { model, inputs, labels } = fourClassProblem();
    const classifier = linearClassifier(engine, model);
    const whole = await run(short, classifier, inputs, leaving(labels));
    const order = [...new Random(1, ['order']).permutation(inputs.count)];
    const shuffled = await run(
      short,
      classifier,
      inputs.gather(order),
      leaving(order.map(row => labels[row] ?? NaN)),
    );
    expect(shuffled.adversaries.values).toEqual(whole.adversaries.gather(order).values);
    for (const row of [0, 11, 23]) {
      const alone = await run(
        short,
        classifier,
        inputs.gather([row]),
        leaving([labels[row] ?? NaN]),
      );
      expect(alone.adversaries.values).toEqual(whole.adversaries.row(row));
      expect(alone.steps[0]).toBe(whole.steps[row]);
    }
  });

  test('a class that is never chosen', async () => {
    const problem = fourClassProblem();
    const expected = await distancesOf(linearClassifier(engine, problem.model), problem);
    const widened = linearClassifier(engine, withHopelessClass(problem.model));
    expectClose(await distancesOf(widened, problem), expected, 1e-4);
  });

  test('a constant added to all logits, even when that makes all of them negative', async () => {
    const problem = fourClassProblem();
    const expected = await distancesOf(linearClassifier(engine, problem.model), problem);
    const shifted = linearClassifier(engine, problem.model, { shift: -100 });
    expectClose(await distancesOf(shifted, problem), expected, 1e-2);
  });

  test('the unit of the inputs', async () => {
    const problem = fourClassProblem();
    const expected = await distancesOf(linearClassifier(engine, problem.model), problem);
    const bytes = linearClassifier(engine, problem.model, {
      bounds: { lower: 0, upper: 255 },
      inputScale: 255,
    });
    const inputs = new Batch(
      problem.inputs.values.map(value => value * 255),
      problem.inputs.shape,
    );
    const found = await distancesOf(bytes, { ...problem, inputs });
    expectClose(
      found.map(distance => distance / 255),
      expected,
      1e-2,
    );
  });
});

describe('Carlini and Wagner', () => {
  test.each([0.5, 2.3])('with κ = %d leads by κ, and hardly by more', async confidence => {
    const { model, inputs, labels } = twoClassProblem();
    const attack = carliniWagner({ ...quick, confidence });
    const criterion = leaving(labels);
    const result = await run(attack, linearClassifier(engine, model), inputs, criterion);
    const gaps = allRows(inputs.count)
      .filter(row => result.outcomes[row] === 'succeeded')
      .map(row => criterionGap(criterion, row, result.logits.row(row)));
    expect(gaps.length).toBeGreaterThan(55);
    expect(Math.min(...gaps)).toBeGreaterThan(confidence);
    expect(Math.min(...gaps)).toBeLessThan(confidence + 0.1);
  });

  test('gives the clean sample back where no input of the box is misclassified', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, 2], 0.5));
    const inputs = new Batch(new Float32Array([0.5, 0.25]), [2]);
    const result = await run(carliniWagner(quick), classifier, inputs, leaving([0]));
    expect(result.outcomes).toEqual(['failed']);
  });

  test('says when there is no gradient', async () => {
    const staircase = functionClassifier(engine, {
      name: 'staircase',
      inputShape: [2],
      classCount: 2,
      bounds: unitBox,
      apply: point =>
        tf.matMul(
          tf.step(tf.sub(point, 0.5)),
          tf.tensor2d([
            [1, 2],
            [1, 2],
          ]),
        ),
    });
    const inputs = new Batch(new Float32Array([0.75, 0.75]), [2]);
    const result = await run(carliniWagner(quick), staircase, inputs, leaving([1]));
    expect(result.outcomes).toEqual(['gradient-unavailable']);
  });

  test('moves numbers that lie on a side of the box', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, -1], -0.5));
    const inputs = new Batch(new Float32Array([1, 0]), [2]);
    const result = await run(carliniWagner(quick), classifier, inputs, leaving([0]));
    expect(result.outcomes).toEqual(['succeeded']);
    expect(distances(result, inputs, 'L2')[0]).toBeLessThan((1.1 * 0.5) / Math.SQRT2);
  });

  test('lets samples leave the batch as they finish', async () => {
    const random = new Random(9, ['carlini-wagner leaving']);
    const model = randomModel(random, 20, 3);
    const inputs = new Batch(
      Float32Array.from({ length: 40 * 20 }, () => random.uniform(0.05, 0.95)),
      [20],
    );
    const classifier = linearClassifier(engine, model);
    const counts: number[] = [];
    const counting: Classifier = {
      inputShape: classifier.inputShape,
      classCount: classifier.classCount,
      bounds: classifier.bounds,
      logits: batch => classifier.logits(batch),
      lossGradient: (loss, batch, parameters) => {
        counts.push(batch.count);
        return classifier.lossGradient(loss, batch, parameters);
      },
      dispose: () => classifier.dispose(),
    };
    const attack = carliniWagner({ ...quick, binarySearchSteps: 1, iterations: 800 });
    const result = await run(attack, counting, inputs, leaving(answers(model, inputs)));
    expect(counts[0]).toBe(40);
    expect(counts.at(-1)).toBeLessThan(30);
    expect(counts.every((count, i) => i === 0 || count <= (counts[i - 1] ?? 0))).toBe(true);
    const steps = result.steps.reduce((sum, value) => sum + value, 0);
    expect(steps).toBe(counts.reduce((sum, value) => sum + value, 0));
  });

  test('reports progress, and stops between two steps when told to', async () => {
    const { model, inputs, labels } = twoClassProblem();
    const classifier = linearClassifier(engine, model);
    const progress: AttackProgress[] = [];
    const controller = new AbortController();
    const reason = new Error('enough');
    const attempt = run(carliniWagner(quick), classifier, inputs, leaving(labels), {
      signal: controller.signal,
      onProgress: event => {
        progress.push(event);
        if (progress.length === 7) controller.abort(reason);
      },
    });
    await expect(attempt).rejects.toBe(reason);
    expect(progress.map(({ completed }) => completed)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(progress.map(({ total }) => total))).toEqual(new Set([1000]));
  });

  test('works in a box of any size', async () => {
    const classifier = linearClassifier(engine, binaryModel([3, 4], -5), { bounds: wideBox });
    const inputs = new Batch(new Float32Array([300, 400]), [2]);
    const attack = carliniWagner(quick);
    const result = await run(attack, classifier, inputs, leaving([0]));
    expect((distances(result, inputs, 'L2')[0] ?? NaN) / 499).toBeLessThan(1.1);
  });

  test.each<Partial<CarliniWagnerSettings>>([
    { confidence: -1 },
    { iterations: 0 },
    { binarySearchSteps: 1.5 },
    { learningRate: 0 },
    { initialConstant: NaN },
  ])('refuses %o', settings => {
    expect(() => carliniWagner({ ...quick, ...settings })).toThrow(AttackError);
  });
});
