import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Norm } from '../../src/attacks/attack.ts';
import { AttackError } from '../../src/attacks/attack-error.ts';
import { fgsm } from '../../src/attacks/fgsm.ts';
import { dualNorm, lengthOf } from '../../src/attacks/norms.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, reaching, run } from './attacking.ts';
import {
  answers,
  binaryModel,
  difference,
  dot,
  halfSaturatedSamples,
  linearClassifier,
  randomModel,
  unitBox,
  wideBox,
} from './linear-models.ts';

interface LinearGolden {
  readonly linear_binary: {
    readonly w: readonly number[];
    readonly b: number;
    readonly x: readonly number[];
    readonly 'fgsm_eps0.05': readonly number[];
    readonly 'margin_after_fgsm_eps0.05': number;
  };
}

const golden = (JSON.parse(readFileSync('test/fixtures/golden.json', 'utf8')) as LinearGolden)
  .linear_binary;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

describe('FGSM', () => {
  test('gives the golden values', async () => {
    const classifier = linearClassifier(engine, binaryModel(golden.w, golden.b));
    const inputs = new Batch(Float32Array.from(golden.x), [4]);
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon: 0.05 });
    const result = await run(attack, classifier, inputs, leaving([0]));
    expect(result.outcomes).toEqual(['succeeded']);
    golden['fgsm_eps0.05'].forEach((value, i) => {
      expect(result.adversaries.values[i]).toBeCloseTo(value, 7);
    });
    const margin = (result.logits.values[0] ?? NaN) - (result.logits.values[1] ?? NaN);
    expect(margin).toBeCloseTo(golden['margin_after_fgsm_eps0.05'], 6);
  });

  test.each<Norm>(['Linf', 'L2', 'L1'])(
    'lowers the margin of a linear model by exactly ε·‖w‖ of the dual norm (%s)',
    async norm => {
      const weightLists = fc.array(fc.integer({ min: -40, max: 40 }), {
        minLength: 2,
        maxLength: 9,
      });
      await fc.assert(
        fc.asyncProperty(weightLists, fc.integer({ min: 1, max: 400 }), async (integers, drop) => {
          fc.pre(integers.some(value => value !== 0));
          const weights = integers.map(value => value / 16);
          const dual = lengthOf(Float64Array.from(weights), dualNorm(norm));
          // A step that lowers the margin by `drop`/100, from a margin of 1.
          const epsilon = drop / 100 / dual;
          const classifier = linearClassifier(engine, binaryModel(weights, 1), { bounds: wideBox });
          const inputs = Batch.zeros(1, [weights.length]);
          const attack = fgsm({ attack: 'fgsm', norm, epsilon });
          const result = await run(attack, classifier, inputs, leaving([0]));
          if (Math.abs(drop - 100) > 1) {
            expect(result.outcomes).toEqual([drop > 100 ? 'succeeded' : 'failed']);
          }
          if (result.outcomes[0] === 'succeeded') {
            expect(dot(result.adversaries.values, weights)).toBeCloseTo(-drop / 100, 5);
            expect(lengthOf(result.adversaries.values, norm)).toBeCloseTo(epsilon, 5);
          }
          classifier.dispose();
        }),
        { numRuns: 60 },
      );
    },
  );

  test('clips to the box once, at the end', async () => {
    const random = new Random(1, ['fgsm box']);
    const model = randomModel(random, 30, 2);
    const inputs = halfSaturatedSamples(random, 50, 30);
    const labels = answers(model, inputs);
    const epsilon = 0.2;
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon });
    const result = await run(attack, linearClassifier(engine, model), inputs, leaving(labels));
    labels.forEach((label, row) => {
      const { weights } = difference(model, label, 1 - label);
      const expected = weights.map((weight, i) => {
        const moved = (inputs.row(row)[i] ?? NaN) - epsilon * Math.sign(weight);
        return Math.fround(Math.min(Math.max(moved, unitBox.lower), unitBox.upper));
      });
      const succeeds = dot(expected, weights) < 0;
      expect(result.outcomes[row]).toBe(succeeds ? 'succeeded' : 'failed');
      if (succeeds) expect([...result.adversaries.row(row)]).toEqual(expected);
    });
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded', 'failed']));
  });

  test('targeted, it goes down the cross-entropy of the target', async () => {
    const random = new Random(2, ['fgsm target']);
    const model = randomModel(random, 40, 4);
    const inputs = halfSaturatedSamples(random, 40, 40);
    const labels = answers(model, inputs);
    const targets = labels.map(label => (label + 1) % 4);
    const attack = fgsm({ attack: 'fgsm', norm: 'L2', epsilon: 4 });
    const classifier = linearClassifier(engine, model, { bounds: wideBox });
    const result = await run(attack, classifier, inputs, reaching(labels, targets));
    expect(result.outcomes.filter(outcome => outcome === 'succeeded').length).toBeGreaterThan(20);
  });

  test('is the identity at ε = 0', async () => {
    const random = new Random(3, ['fgsm zero']);
    const model = randomModel(random, 10, 3);
    const inputs = halfSaturatedSamples(random, 20, 10);
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon: 0 });
    const classifier = linearClassifier(engine, model);
    const result = await run(attack, classifier, inputs, leaving(answers(model, inputs)));
    expect(new Set(result.outcomes)).toEqual(new Set(['failed']));
    expect(result.adversaries.values).toEqual(inputs.values);
  });

  test('leaves alone what the model gets wrong, and what already is of the target class', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, 1], -1));
    const inputs = new Batch(new Float32Array([0.1, 0.2, 0.9, 0.8, 0.9, 0.9]), [2]);
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon: 1 });
    const result = await run(attack, classifier, inputs, reaching([0, 0, 1], [1, 0, 1]));
    expect(result.outcomes).toEqual(['already-wrong', 'not-run', 'already-wrong']);
    expect([...result.steps]).toEqual([0, 0, 0]);
  });

  test('says when there is no gradient, instead of calling the model robust', async () => {
    const inputs = new Batch(new Float32Array([0.25, 0, 0.75, 0.75]), [2]);
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
    const infinite = functionClassifier(engine, {
      name: 'infinite gradient',
      inputShape: [2],
      classCount: 2,
      bounds: unitBox,
      apply: point =>
        tf.matMul(
          tf.sqrt(point),
          tf.tensor2d([
            [3, 2],
            [3, 2],
          ]),
        ),
    });
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon: 0.1 });
    const flat = await run(attack, staircase, inputs, leaving([0, 1]));
    expect(flat.outcomes).toEqual(['gradient-unavailable', 'gradient-unavailable']);
    const steep = await run(attack, infinite, inputs, leaving([0, 0]));
    expect(steep.outcomes).toEqual(['gradient-unavailable', 'failed']);
  });

  test('still sees the gradient of a model that is very sure', async () => {
    // The other class has a softmax probability of e⁻⁴⁰: probabilities in float32 would be flat.
    const classifier = linearClassifier(engine, binaryModel([80, -80], 0));
    const inputs = new Batch(new Float32Array([0.75, 0.25]), [2]);
    const attack = fgsm({ attack: 'fgsm', norm: 'Linf', epsilon: 0.3 });
    const result = await run(attack, classifier, inputs, leaving([0]));
    expect(result.outcomes).toEqual(['succeeded']);
  });

  test.each([-0.1, NaN, Infinity])('refuses epsilon %d', epsilon => {
    expect(() => fgsm({ attack: 'fgsm', norm: 'L2', epsilon })).toThrow(AttackError);
  });

  test('refuses inputs outside the bounds and labels that the model does not have', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, 1], 0));
    const attack = fgsm({ attack: 'fgsm', norm: 'L2', epsilon: 1 });
    const codeOf = async (values: number[], label: number): Promise<string | undefined> => {
      try {
        await run(attack, classifier, new Batch(Float32Array.from(values), [2]), leaving([label]));
        return undefined;
      } catch (error) {
        return error instanceof AttackError ? error.code : String(error);
      }
    };
    expect(await codeOf([0.5, 0.5], 0)).toBeUndefined();
    expect(await codeOf([0.5, 1.5], 0)).toBe('attack/invalid-inputs');
    expect(await codeOf([0.5, NaN], 0)).toBe('attack/invalid-inputs');
    expect(await codeOf([0.5, 0.5], 2)).toBe('attack/invalid-classes');
  });
});
