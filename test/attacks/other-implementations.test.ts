import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, run } from './attacking.ts';
import {
  answers,
  binaryModel,
  halfSaturatedSamples,
  linearClassifier,
  randomModel,
  wideBox,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

const random = new Random(91, ['other implementations']);
const model = randomModel(random, 20, 4);
const inputs = halfSaturatedSamples(random, 40, 20);
const labels = answers(model, inputs);

describe('mistakes that other implementations make', () => {
  test.each<AttackSettings>([
    { attack: 'bim', norm: 'Linf', epsilon: 0.1, steps: 1, stepSize: 0.1 },
    { attack: 'mi-fgsm', norm: 'Linf', epsilon: 0.1, steps: 1, stepSize: 0.1 },
  ])('the point after the last step is looked at: one step of %o is FGSM', async settings => {
    const classifier = linearClassifier(engine, model);
    const one = await run(createAttack(settings), classifier, inputs, leaving(labels));
    const fgsm = createAttack({ attack: 'fgsm', norm: 'Linf', epsilon: 0.1 });
    const expected = await run(fgsm, classifier, inputs, leaving(labels));
    expect(one.outcomes).toEqual(expected.outcomes);
    expect(one.outcomes).toContain('succeeded');
    one.adversaries.values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.adversaries.values[i] ?? NaN, 6);
    });
  });

  test('so is the point after the last update of Carlini and Wagner', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, -1], 0.1));
    const attack = createAttack({
      attack: 'carlini-wagner',
      preset: 'quick',
      binarySearchSteps: 1,
      iterations: 1,
      learningRate: 3,
    });
    const middle = new Batch(Float32Array.of(0.5, 0.5), [2]);
    const { outcomes } = await run(attack, classifier, middle, leaving([0]));
    expect(outcomes).toEqual(['succeeded']);
  });

  test('MI-FGSM sums up gradients, not their signs', async () => {
    // z₁ − z₀ = 4a − 25a² + b − 100, with the gradient (4 − 50a, 1): (4, 1) at the start and (−1, 1)
    // after a step of 0.1. Of L1 length 1 that is (0.8, 0.2) and (−0.5, 0.5), with the sum (0.3, 0.7),
    // so that both numbers move on. The sum of the signs is (0, 2): the first would stay.
    const bent = functionClassifier(engine, {
      name: 'bent',
      inputShape: [2],
      classCount: 2,
      bounds: wideBox,
      apply: points => {
        const [a, b] = tf.split(points, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
        const rise = tf.add<tf.Tensor2D>(
          tf.sub(tf.mul(a, 4), tf.mul(25, tf.mul(a, a))),
          tf.sub(b, 100),
        );
        return tf.concat<tf.Tensor2D>([tf.zerosLike(a), rise], 1);
      },
    });
    const attack = createAttack({
      attack: 'mi-fgsm',
      norm: 'Linf',
      epsilon: 1,
      steps: 2,
      stepSize: 0.1,
    });
    const start = new Batch(new Float32Array(2), [2]);
    const { adversaries } = await run(attack, bent, start, leaving([0]));
    expect(adversaries.values[0]).toBeCloseTo(0.2, 6);
    expect(adversaries.values[1]).toBeCloseTo(0.2, 6);
  });

  test('steps that are too few and short do not reach the sphere, and more never lose', async () => {
    const classifier = linearClassifier(engine, model);
    const fooled = async (steps: number): Promise<number[]> => {
      const attack = createAttack({
        attack: 'bim',
        norm: 'Linf',
        epsilon: 0.2,
        steps,
        stepSize: 0.01,
      });
      const result = await run(attack, classifier, inputs, leaving(labels));
      const farthest = Math.max(...distances(result, inputs, 'Linf'));
      expect(farthest).toBeLessThan(0.01 * steps * (1 + 1e-5));
      return result.outcomes.flatMap((outcome, row) => (outcome === 'succeeded' ? [row] : []));
    };
    const [few, more, most] = [await fooled(2), await fooled(6), await fooled(18)];
    expect(more).toEqual(expect.arrayContaining(few));
    expect(most).toEqual(expect.arrayContaining(more));
    expect(most.length).toBeGreaterThan(few.length);
  });
});
