import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import type { AttackContext, AttackOutcome } from '../../src/attacks/attack.ts';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { averagedClassifier } from '../../src/attacks/averaged-classifier.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { landscapeNoise } from '../../src/attacks/landscape-noise.ts';
import { largestDifference } from '../../src/model/pass-difference.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import {
  checkBlackBox,
  checkConvergence,
  checkDeterminism,
  checkGradients,
  checkLandscape,
  checkLateSuccesses,
  checkLogits,
  checkLostSuccess,
  checkMonotone,
  checkNoise,
  checkSingleStep,
  checkSmallestChange,
  checkUnbounded,
  type SanityRun,
} from '../../src/attacks/sanity-checks.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { Random } from '../../src/random/random.ts';
import { leaving } from './attacking.ts';
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

const count = 30;
const model = randomModel(new Random(81, ['sanity model']), 16, 3);
const inputs = halfSaturatedSamples(new Random(81, ['sanity inputs']), count, 16);
const labels = answers(model, inputs);

function contextOf(classifier: Classifier): AttackContext {
  return {
    classifier,
    inputs,
    criterion: leaving(labels),
    seed: 3,
    sampleIndices: allRows(count),
  };
}

/** The linear model behind something that hides its gradients. */
function masked(name: string, mask: (points: tf.Tensor) => tf.Tensor): Classifier {
  return functionClassifier(engine, {
    name,
    inputShape: [16],
    classCount: 3,
    bounds: unitBox,
    apply: points => tf.matMul(mask(points), tf.tensor2d(model.weights.map(row => [...row]))),
  });
}

/** Adds noise to the logits, another draw at each pass. */
function noisy(classifier: Classifier, size: number): Classifier {
  let pass = 0;
  const shake = (logits: Batch): Batch => {
    const random = new Random(9, ['noisy', pass++]);
    return new Batch(
      logits.values.map(value => value + size * random.normal()),
      logits.shape,
    );
  };
  return {
    inputShape: classifier.inputShape,
    classCount: classifier.classCount,
    bounds: classifier.bounds,
    logits: async batch => shake(await classifier.logits(batch)),
    lossGradient: async (loss, batch, parameters) => {
      const evaluation = await classifier.lossGradient(loss, batch, parameters);
      return { ...evaluation, logits: shake(evaluation.logits) };
    },
    dispose: () => classifier.dispose(),
  };
}

async function attacked(classifier: Classifier, settings: AttackSettings): Promise<SanityRun> {
  const { outcomes } = await createAttack(settings).run(contextOf(classifier));
  return { label: attackLabel(settings), outcomes };
}

const epsilon = 0.1;
const fgsm: AttackSettings = { attack: 'fgsm', norm: 'Linf', epsilon };
const pgd: AttackSettings = { attack: 'pgd', norm: 'Linf', epsilon };
const square: AttackSettings = { attack: 'square', norm: 'Linf', epsilon, queries: 300 };
const corners: AttackSettings = {
  attack: 'noise',
  distribution: 'corners',
  norm: 'Linf',
  epsilon,
  draws: 50,
};

describe('on an honest model', () => {
  test('no flag is raised', async () => {
    const honest = linearClassifier(engine, model);
    const context = contextOf(honest);
    const iterative = await attacked(honest, pgd);
    // PGD goes for one class; on this model Square finds a sample by another one.
    const targeted = await attacked(honest, {
      attack: 'apgd',
      norm: 'Linf',
      epsilon,
      loss: 'targeted-dlr',
    });
    const logits = await honest.logits(inputs);
    const flags = [
      checkGradients(iterative),
      checkSingleStep(await attacked(honest, fgsm), iterative),
      checkMonotone([await attacked(honest, { ...pgd, epsilon: 0.05 }), iterative]),
      checkUnbounded(await attacked(honest, { ...pgd, epsilon: 1 }), 3),
      checkBlackBox([iterative, targeted], await attacked(honest, square)),
      checkNoise([iterative, targeted], await attacked(honest, corners)),
      checkConvergence(iterative, await attacked(honest, { ...pgd, steps: 80 })),
      checkDeterminism(largestDifference(logits, await honest.logits(inputs)), 1),
      checkLogits(logits),
      checkLostSuccess('PGD', (await createAttack(pgd).run(context)).lostSuccess),
    ];
    expect(flags.filter(flag => flag !== undefined)).toEqual([]);
  });
});

describe('where gradients are masked', () => {
  test('a quantised input: no gradients, and the black box wins', async () => {
    const quantised = masked('quantised', points => tf.div(tf.round(tf.mul(points, 15)), 15));
    const iterative = await attacked(quantised, { ...pgd, attack: 'bim' });
    expect(checkGradients(iterative)?.id).toBe('gradient-unavailable');
    expect(checkBlackBox([iterative], await attacked(quantised, square))?.id).toBe(
      'blackbox-stronger',
    );
    expect(checkNoise([iterative], await attacked(quantised, { ...corners, draws: 300 }))?.id).toBe(
      'noise-stronger',
    );
    const unbounded = await attacked(quantised, { attack: 'bim', norm: 'Linf', epsilon: 1 });
    expect(checkUnbounded(unbounded, 3)?.id).toBe('unbounded-fails');
  });

  test('a shattered gradient: the landscape is noisy', async () => {
    const shattered = masked('shattered', points =>
      tf.add(points, tf.mul(0.5, tf.sin(tf.mul(points, 2000)))),
    );
    const changes = await landscapeNoise(contextOf(shattered), 20);
    expect(checkLandscape(changes)?.id).toBe('noisy-landscape');
    // The same measure on the model without it is small, for the samples that are not on a boundary.
    const honest = [...(await landscapeNoise(contextOf(linearClassifier(engine, model)), 20))];
    const middle = honest.sort((a, b) => a - b)[Math.floor(count / 2)];
    expect(middle).toBeLessThan(0.1);
  });

  test('a random model: passes differ, and successes are lost', async () => {
    const random = noisy(linearClassifier(engine, model), 0.3);
    const difference = largestDifference(await random.logits(inputs), await random.logits(inputs));
    // An error until enough passes are averaged, and never nothing.
    for (const [passes, severity] of [
      [1, 'error'],
      [19, 'error'],
      [20, 'warning'],
      [1000, 'warning'],
    ] as const) {
      expect(checkDeterminism(difference, passes)).toMatchObject({
        id: 'stochastic-model',
        severity,
      });
    }
    const { lostSuccess } = await createAttack(pgd).run(contextOf(random));
    expect(checkLostSuccess('PGD', lostSuccess)?.id).toBe('lost-success');
  });

  test('the same NaN twice is no randomness, once only it is', () => {
    const [silent, zero] = [NaN, 0].map(value => new Batch(Float32Array.of(1, value), [2]));
    const differenceOf = (first: typeof silent, second: typeof silent) =>
      first === undefined || second === undefined ? NaN : largestDifference(first, second);
    expect(checkDeterminism(differenceOf(silent, silent), 1)).toBeUndefined();
    expect(checkDeterminism(differenceOf(silent, zero), 1)?.id).toBe('stochastic-model');
  });

  test('probabilities in place of logits', async () => {
    const softmax = functionClassifier(engine, {
      name: 'softmax',
      inputShape: [16],
      classCount: 3,
      bounds: unitBox,
      apply: points =>
        tf.softmax(tf.matMul<tf.Tensor2D>(points, tf.tensor2d(model.weights.map(row => [...row])))),
    });
    expect(checkLogits(await softmax.logits(inputs))?.id).toBe('probabilities-as-logits');
  });
});

describe('where the way to an error is wavy', () => {
  /** One number x; wrong where f > 0, with a hill on the way there that short steps cannot leave. */
  const wavy = (): Classifier =>
    functionClassifier(engine, {
      name: 'wavy',
      inputShape: [1],
      classCount: 2,
      bounds: unitBox,
      apply: points => {
        const distance = tf.sub(points, 0.5);
        const wave = tf.sin(tf.mul(distance, (2 * Math.PI) / 0.08));
        const f = tf.sub<tf.Tensor2D>(tf.add(tf.mul(distance, 10), wave), 1.6);
        return tf.concat<tf.Tensor2D>([tf.zerosLike(f), f], 1);
      },
    });

  async function outcomeOf(settings: AttackSettings): Promise<SanityRun> {
    const { outcomes } = await createAttack(settings).run({
      classifier: wavy(),
      inputs: new Batch(Float32Array.of(0.5), [1]),
      criterion: leaving(Int32Array.of(0)),
      seed: 0,
      sampleIndices: [0],
    });
    return { label: attackLabel(settings), outcomes };
  }

  test('one step jumps over the hill on which many stay', async () => {
    const many = await outcomeOf({ ...fgsm, attack: 'bim', steps: 40 });
    const flag = checkSingleStep(await outcomeOf(fgsm), many);
    expect(flag?.id).toBe('single-step-stronger');
    expect(flag?.message).toContain(' fools 1 sample, but ');
  });

  test('a longer step jumps over the error', async () => {
    const longer = await outcomeOf({ ...fgsm, epsilon: 0.14 });
    expect(checkMonotone([await outcomeOf(fgsm), longer])?.id).toBe('non-monotone');
  });
});

describe('an attack that ends too early', () => {
  /** Samples of a linear model that fall in the second half of the steps. */
  async function lateSuccesses(steps: number, stepSize: number) {
    const settings: AttackSettings = { attack: 'bim', norm: 'Linf', epsilon, steps, stepSize };
    const context = contextOf(linearClassifier(engine, model));
    const result = await createAttack(settings).run(context);
    const late = result.outcomes.filter(
      (outcome, row) => outcome === 'succeeded' && (result.steps[row] ?? NaN) > steps / 2,
    );
    return checkLateSuccesses({ label: 'BIM', outcomes: result.outcomes }, late.length);
  }

  test('still breaks samples with its last steps, unlike one whose steps are long', async () => {
    expect((await lateSuccesses(20, epsilon / 20))?.id).toBe('not-converged');
    expect(await lateSuccesses(20, epsilon / 5)).toBeUndefined();
  });

  test('finds much smaller changes with twice the steps, unlike one that is done', async () => {
    const sizes = async (steps: number): Promise<number[]> => {
      const context = contextOf(linearClassifier(engine, model));
      const { adversaries, outcomes } = await createAttack({ attack: 'ddn', steps }).run(context);
      return outcomes.map((outcome, row) =>
        outcome === 'succeeded'
          ? distanceBetween(inputs.row(row), adversaries.row(row), 'L2')
          : Infinity,
      );
    };
    expect(checkSmallestChange('DDN', await sizes(5), await sizes(10))?.id).toBe('not-converged');
    expect(checkSmallestChange('DDN', await sizes(100), await sizes(200))).toBeUndefined();
  });
});

describe('the checks that only count', () => {
  const runOf = (label: string, succeeded: number): SanityRun => ({
    label,
    outcomes: Array.from({ length: 1000 }, (_, row): AttackOutcome =>
      row < succeeded ? 'succeeded' : 'failed',
    ),
  });

  test('compare successes, at their thresholds', () => {
    expect(checkSingleStep(runOf('one', 51), runOf('many', 50))?.id).toBe('single-step-stronger');
    expect(checkMonotone([runOf('a', 5), runOf('b', 9), runOf('c', 8)])?.id).toBe('non-monotone');
    expect(checkMonotone([runOf('a', 5), runOf('b', 5), runOf('c', 8)])).toBeUndefined();
    expect(checkConvergence(runOf('n', 100), runOf('2n', 110))).toBeUndefined();
    expect(checkConvergence(runOf('n', 100), runOf('2n', 111))?.id).toBe('not-converged');
    expect(checkBlackBox([runOf('w', 100)], runOf('b', 102))).toBeUndefined();
    expect(checkBlackBox([runOf('w', 100)], runOf('b', 103))?.id).toBe('blackbox-stronger');
    expect(checkUnbounded(runOf('u', 900), 10)).toBeUndefined();
    expect(checkUnbounded(runOf('u', 899), 10)?.id).toBe('unbounded-fails');
  });

  test('look at the worst case over all attacks with gradients', () => {
    const first: SanityRun = { label: 'a', outcomes: ['succeeded', 'failed'] };
    const second: SanityRun = { label: 'b', outcomes: ['failed', 'succeeded'] };
    const box: SanityRun = { label: 'c', outcomes: ['succeeded', 'succeeded'] };
    expect(checkNoise([first, second], box)).toBeUndefined();
    expect(checkNoise([first], box)?.id).toBe('noise-stronger');
  });

  test('every flag has something to read and something to do', () => {
    const flag = checkSingleStep(runOf('FGSM', 51), runOf('PGD', 50));
    expect(flag?.message).toContain('FGSM fools 51 samples, but PGD only 50');
    expect(flag?.remedy).toMatch(/\.$/);
  });
});

describe('expectation over transformation', () => {
  test('averages draws: the spread falls with the root of their number', async () => {
    const honest = linearClassifier(engine, model);
    const exact = await honest.logits(inputs);
    const errorOf = async (classifier: Classifier): Promise<number> => {
      const { values } = await classifier.logits(inputs);
      const squares = values.map((value, i) => (value - (exact.values[i] ?? NaN)) ** 2);
      return Math.sqrt(squares.reduce((sum, square_) => sum + square_, 0) / values.length);
    };
    const random = noisy(honest, 1);
    const [one, many] = [await errorOf(random), await errorOf(averagedClassifier(random, 100))];
    expect(one).toBeGreaterThan(0.7);
    // A tenth; 90 numbers give it to within 25% (three standard errors).
    expect(many).toBeGreaterThan(0.075);
    expect(many).toBeLessThan(0.125);
  });

  test('changes nothing about a model without randomness', async () => {
    const honest = linearClassifier(engine, model);
    const averaged = averagedClassifier(honest, 3);
    const oneHot = new Float32Array(count * 3);
    labels.forEach((label, row) => (oneHot[3 * row + label] = 1));
    const expected = await honest.lossGradient(crossEntropy, inputs, [oneHot]);
    expect(await averaged.lossGradient(crossEntropy, inputs, [oneHot])).toEqual(expected);
    expect(await averaged.logits(inputs)).toEqual(await honest.logits(inputs));
  });

  test('refuses to average nothing', () => {
    expect(() => averagedClassifier(linearClassifier(engine, model), 0)).toThrow(RangeError);
  });
});

describe('whether an attack has taken enough steps', () => {
  const run = (outcomes: readonly AttackOutcome[]): SanityRun => ({ label: 'PGD', outcomes });

  test('many successes in the second half say no; one may be chance', () => {
    const outcomes = Array.from({ length: 100 }, (): AttackOutcome => 'succeeded');
    expect(checkLateSuccesses(run(outcomes), 1)).toBeUndefined();
    expect(checkLateSuccesses(run(outcomes), 2)?.id).toBe('not-converged');
    const many = Array.from({ length: 1000 }, (): AttackOutcome => 'succeeded');
    expect(checkLateSuccesses(run(many), 10)).toBeUndefined();
  });

  test('much smaller changes with twice the steps say no', () => {
    expect(checkSmallestChange('C&W', [1, 1, 1], [0.99, 0.98, 0.4])).toBeUndefined();
    expect(checkSmallestChange('C&W', [1, 1, 1], [0.9, 0.9, 1])?.message).toContain('10% smaller');
    const failures = checkSmallestChange('C&W', [Infinity, Infinity, 1], [2, 2, 1]);
    expect(failures?.message).toContain('found none');
    expect(checkSmallestChange('C&W', [Infinity], [Infinity])).toBeUndefined();
    expect(checkSmallestChange('C&W', [], [])).toBeUndefined();
  });
});
