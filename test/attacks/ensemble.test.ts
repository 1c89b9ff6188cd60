import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import type { Attack, AttackContext } from '../../src/attacks/attack.ts';
import { autoAttackStages } from '../../src/attacks/autoattack.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { type EnsembleState, runEnsemble } from '../../src/attacks/ensemble.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, run } from './attacking.ts';
import {
  answers,
  halfSaturatedSamples,
  linearClassifier,
  randomModel,
  unitBox,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

function task(): AttackContext {
  const random = new Random(61, ['ensemble']);
  const model = randomModel(random, 25, 4);
  const inputs = halfSaturatedSamples(random, 30, 25);
  return {
    classifier: linearClassifier(engine, model),
    inputs,
    criterion: leaving(answers(model, inputs)),
    seed: 7,
    sampleIndices: allRows(30),
  };
}

/** Notes which samples an attack is given. */
function watched(attack: Attack, seen: (readonly number[])[]): Attack {
  return {
    ...attack,
    run: context => {
      seen.push(context.sampleIndices);
      return attack.run(context);
    },
  };
}

describe('an ensemble', () => {
  const weak = createAttack({ attack: 'fgsm', norm: 'Linf', epsilon: 0.02 });
  const strong = createAttack({ attack: 'pgd', norm: 'Linf', epsilon: 0.05 });
  const strongest = createAttack({ attack: 'pgd', norm: 'Linf', epsilon: 0.12 });

  test('gives each attack the samples that still stand, and keeps the first success', async () => {
    const seen: (readonly number[])[] = [];
    const context = task();
    const attacks = [weak, strong, strongest].map(attack => watched(attack, seen));
    const { result, brokenBy } = await runEnsemble(attacks, context);
    const alone = await weak.run(context);
    expect(seen[0]).toEqual(context.sampleIndices);
    alone.outcomes.forEach((outcome, row) => {
      expect(brokenBy[row] === 0).toBe(outcome === 'succeeded');
      expect(seen[1]?.includes(row)).toBe(outcome !== 'succeeded');
      if (outcome === 'succeeded') {
        expect(result.adversaries.row(row)).toEqual(alone.adversaries.row(row));
      }
    });
    expect(seen[2]?.length).toBeLessThan(seen[1]?.length ?? 0);
    expect(new Set(brokenBy)).toEqual(new Set([-1, 0, 1, 2]));
  });

  test('goes on where it was stopped, to the same result', async () => {
    const context = task();
    const attacks = [weak, strong, strongest];
    const states: EnsembleState[] = [];
    const whole = await runEnsemble(attacks, context, { onFinished: state => states.push(state) });
    expect(states.map(({ finished }) => finished)).toEqual([1, 2, 3]);
    const [first] = states;
    const resumed = await runEnsemble(attacks, context, first === undefined ? {} : { from: first });
    expect(resumed).toEqual(whole);
  });

  test('is no stronger than its attacks when they cannot do anything', async () => {
    const nothing = createAttack({ attack: 'fgsm', norm: 'Linf', epsilon: 0 });
    const { result, brokenBy } = await runEnsemble([nothing, nothing], task());
    expect(new Set(result.outcomes)).toEqual(new Set(['failed']));
    expect(new Set(brokenBy)).toEqual(new Set([-1]));
  });
});

describe('AutoAttack', () => {
  test('breaks what PGD breaks', async () => {
    const context = task();
    const epsilon = 0.05;
    const pgd = await createAttack({ attack: 'pgd', norm: 'Linf', epsilon }).run(context);
    const attack = createAttack({ attack: 'autoattack', norm: 'Linf', epsilon });
    const result = await run(attack, context.classifier, context.inputs, context.criterion);
    pgd.outcomes.forEach((outcome, row) => {
      if (outcome === 'succeeded') expect(result.outcomes[row]).toBe('succeeded');
    });
  });

  test('is not fooled by masked gradients: Square wins where the others are blind', async () => {
    const random = new Random(62, ['masked']);
    const weights = tf.keep(tf.randomNormal([16, 3], 0, 1, 'float32', 5));
    const quantised = functionClassifier(engine, {
      name: 'quantised input',
      inputShape: [4, 4, 1],
      classCount: 3,
      bounds: unitBox,
      // Rounded to fifteenths: the gradient is zero everywhere.
      apply: inputs => {
        const steps = tf.round(tf.mul(tf.reshape(inputs, [-1, 16]), 15));
        return tf.matMul(tf.div(steps, 15), weights);
      },
    });
    const inputs = new Batch(
      Float32Array.from({ length: 20 * 16 }, () => random.uniform()),
      [4, 4, 1],
    );
    const logits = await quantised.logits(inputs);
    const labels = allRows(20).map(row => {
      const own = logits.row(row);
      return own.indexOf(Math.max(...own));
    });
    const stages = autoAttackStages({ attack: 'autoattack', norm: 'Linf', epsilon: 0.3 });
    const { result, brokenBy } = await runEnsemble(stages, {
      classifier: quantised,
      inputs,
      criterion: leaving(labels),
      seed: 1,
      sampleIndices: allRows(20),
    });
    expect(result.outcomes.filter(outcome => outcome === 'succeeded').length).toBeGreaterThan(10);
    // A random start may hit by chance; nothing but Square can search.
    expect(brokenBy.filter(stage => stage === 3).length).toBeGreaterThan(5);
    weights.dispose();
  });
});
