import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier, LogitLoss } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import {
  carliniWagnerHinge,
  crossEntropy,
  differenceOfLogitsRatio,
  logitCombination,
  negativeMargin,
  targetedDifferenceOfLogitsRatio,
} from '../../src/model/losses.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };

let engine: Engine;
const classifiers = new Map<number, Classifier>();

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

/** The identity: its inputs are its logits, so gradients of a loss are by the logits themselves. */
function identity(classCount: number): Classifier {
  const known = classifiers.get(classCount);
  if (known !== undefined) return known;
  const classifier = functionClassifier(engine, {
    name: `identity of ${classCount}`,
    inputShape: [classCount],
    classCount,
    bounds: { lower: -1000, upper: 1000 },
    apply: inputs => tf.clone(inputs) as tf.Tensor2D,
  });
  classifiers.set(classCount, classifier);
  return classifier;
}

function oneHot(label: number, classCount: number): Float32Array {
  return Float32Array.from({ length: classCount }, (_, i) => Number(i === label));
}

interface Value {
  readonly loss: number;
  readonly gradient: readonly number[];
}

async function evaluate(
  loss: LogitLoss,
  logits: readonly number[],
  ...parameters: Float32Array[]
): Promise<Value> {
  const inputs = new Batch(Float32Array.from(logits), [logits.length]);
  const result = await identity(logits.length).lossGradient(loss, inputs, parameters);
  return { loss: result.losses[0] as number, gradient: [...result.gradient.values] };
}

const margin = (z: readonly number[], label: number): number =>
  Math.max(...z.filter((_, i) => i !== label)) - (z[label] as number);

/** Logits that are multiples of 1/8 and all different, so that no maximum ties. */
const logitsOf = (classCount: number): fc.Arbitrary<number[]> =>
  fc
    .uniqueArray(fc.integer({ min: -80, max: 80 }), {
      minLength: classCount,
      maxLength: classCount,
    })
    .map(values => values.map(value => value / 8));

const labelledLogits = fc
  .integer({ min: 2, max: 6 })
  .chain(count => fc.tuple(logitsOf(count), fc.integer({ min: 0, max: count - 1 })));

describe('values that others computed', () => {
  const { logits, label, ce, dlr } = golden.linear_multiclass;

  test('cross-entropy', async () => {
    expect((await evaluate(crossEntropy, logits, oneHot(label, 3))).loss).toBeCloseTo(ce, 6);
  });

  test('difference of logits ratio', async () => {
    const { loss } = await evaluate(differenceOfLogitsRatio, logits, oneHot(label, 3));
    expect(loss).toBeCloseTo(dlr, 6);
  });
});

describe('losses have the values of their formulas', () => {
  test('negative margin, and the hinge of Carlini and Wagner', async () => {
    const hinge = {
      untargeted: carliniWagnerHinge('untargeted', 1.5),
      targeted: carliniWagnerHinge('targeted', 1.5),
    };
    await fc.assert(
      fc.asyncProperty(labelledLogits, async ([z, label]) => {
        const y = oneHot(label, z.length);
        const m = margin(z, label);
        expect((await evaluate(negativeMargin, z, y)).loss).toBeCloseTo(m, 5);
        const weight = Float32Array.of(3);
        const untargeted = await evaluate(hinge.untargeted, z, y, weight);
        expect(untargeted.loss).toBeCloseTo(3 * Math.max(0, -m + 1.5), 4);
        const targeted = await evaluate(hinge.targeted, z, y, weight);
        expect(targeted.loss).toBeCloseTo(3 * Math.max(0, m + 1.5), 4);
      }),
      { numRuns: 60 },
    );
  });

  test('difference of logits ratio, untargeted and targeted', async () => {
    await fc.assert(
      fc.asyncProperty(logitsOf(5), async z => {
        const [first, , third, fourth] = [...z].sort((p, q) => q - p) as [
          number,
          number,
          number,
          number,
        ];
        const untargeted = await evaluate(differenceOfLogitsRatio, z, oneHot(2, 5));
        expect(untargeted.loss).toBeCloseTo(margin(z, 2) / (first - third), 4);
        const targeted = await evaluate(
          targetedDifferenceOfLogitsRatio,
          z,
          oneHot(2, 5),
          oneHot(4, 5),
        );
        const difference = (z[4] as number) - (z[2] as number);
        expect(targeted.loss).toBeCloseTo(difference / (first - (third + fourth) / 2), 4);
      }),
      { numRuns: 60 },
    );
  });

  test('with too few classes, the ratios are differences', async () => {
    const two = await evaluate(differenceOfLogitsRatio, [1, 4], oneHot(0, 2));
    expect(two).toEqual({ loss: 3, gradient: [-1, 1] });
    const three = await evaluate(
      targetedDifferenceOfLogitsRatio,
      [1, 4, 2],
      oneHot(0, 3),
      oneHot(2, 3),
    );
    expect(three).toEqual({ loss: 1, gradient: [-1, 0, 1] });
  });

  test('tied logits give no division by zero', async () => {
    for (const loss of [differenceOfLogitsRatio, negativeMargin, crossEntropy]) {
      const { loss: value, gradient } = await evaluate(loss, [2, 2, 2, 2], oneHot(0, 4));
      expect(Number.isFinite(value)).toBe(true);
      expect(gradient.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('gradients agree with central differences', () => {
  const hinge = carliniWagnerHinge('targeted', 100);
  const cases: readonly (readonly [LogitLoss, Float32Array[]])[] = [
    [crossEntropy, [oneHot(1, 5)]],
    [negativeMargin, [oneHot(1, 5)]],
    [hinge, [oneHot(1, 5), Float32Array.of(0.5)]],
    [differenceOfLogitsRatio, [oneHot(1, 5)]],
    [targetedDifferenceOfLogitsRatio, [oneHot(1, 5), oneHot(3, 5)]],
    [logitCombination, [Float32Array.of(1, -1, 0.5, 0, 2)]],
  ];

  test.each(cases.map(([loss, parameters]) => [loss.name, loss, parameters] as const))(
    '%s',
    async (_, loss, parameters) => {
      const z = [0.3, -1.2, 2.1, 0.9, -0.4];
      const { gradient } = await evaluate(loss, z, ...parameters);
      const step = 2 ** -7;
      for (const [i, slope] of gradient.entries()) {
        const at = async (sign: number): Promise<number> => {
          const moved = z.map((value, j) => (i === j ? value + sign * step : value));
          return (await evaluate(loss, moved, ...parameters)).loss;
        };
        expect(((await at(1)) - (await at(-1))) / (2 * step)).toBeCloseTo(slope, 3);
      }
    },
  );

  test('cross-entropy of a confident sample keeps its gradient', async () => {
    const wrong = await evaluate(crossEntropy, [0, 5000], oneHot(0, 2));
    expect(wrong).toEqual({ loss: 5000, gradient: [-1, 1] });
    const right = await evaluate(crossEntropy, [0, -20], oneHot(0, 2));
    expect(right.gradient[1]).toBeCloseTo(Math.exp(-20), 12);
    expect(right.gradient[1]).toBeGreaterThan(0);
  });
});

describe.each(['native', 'wasm', 'cpu'] as const)('cross-entropy on the engine %s', name => {
  test('keeps its size and its slope where the model is sure', async () => {
    const own = await openEngine({ name });
    const classifier = functionClassifier(own, {
      name: 'identity',
      inputShape: [2],
      classCount: 2,
      bounds: { lower: -100, upper: 100 },
      // A product, which the native engine compiles.
      apply: inputs => tf.matMul(inputs, tf.eye(2)),
    });
    const leads = [-30, -1, 0, 1, 10, 17, 18, 20, 40, 60, 80];
    const { losses, gradient } = await classifier.lossGradient(
      crossEntropy,
      new Batch(Float32Array.from(leads.flatMap(lead => [lead, 0])), [2]),
      [Float32Array.from(leads.flatMap(() => [1, 0]))],
    );
    for (const [row, lead] of leads.entries()) {
      expect((losses[row] as number) / Math.log1p(Math.exp(-lead))).toBeCloseTo(1, 3);
      const slope = 1 / (1 + Math.exp(lead));
      const [byLabel, byOther] = gradient.row(row) as unknown as [number, number];
      expect(-byLabel / slope).toBeCloseTo(1, 4);
      expect(byOther / slope).toBeCloseTo(1, 4);
    }
    classifier.dispose();
    own.dispose();
  });
});

describe('what must not change a loss', () => {
  const losses = [crossEntropy, negativeMargin, differenceOfLogitsRatio];

  test('a constant added to all logits: all may be negative', async () => {
    await fc.assert(
      fc.asyncProperty(labelledLogits, async ([z, label]) => {
        for (const loss of losses) {
          const y = oneHot(label, z.length);
          const shifted = await evaluate(
            loss,
            z.map(value => value - 100),
            y,
          );
          const plain = await evaluate(loss, z, y);
          expect(shifted.loss).toBeCloseTo(plain.loss, 3);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a class that is never reached', async () => {
    await fc.assert(
      fc.asyncProperty(logitsOf(4), async z => {
        for (const loss of losses) {
          const plain = await evaluate(loss, z, oneHot(1, 4));
          const more = await evaluate(loss, [...z, -1e6], oneHot(1, 5));
          expect(more.loss).toBeCloseTo(plain.loss, 4);
          expect(more.gradient[4]).toBeCloseTo(0, 6);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('the scale of the logits, for the ratio', async () => {
    const z = [0.3, -1.2, 2.1, 0.9];
    const plain = await evaluate(differenceOfLogitsRatio, z, oneHot(3, 4));
    const scaled = await evaluate(
      differenceOfLogitsRatio,
      z.map(value => value * 1000),
      oneHot(3, 4),
    );
    expect(scaled.loss).toBeCloseTo(plain.loss, 5);
  });
});
