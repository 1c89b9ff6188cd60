import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAttack } from '../../src/attacks/create-attack.ts';
import {
  attackSuccess,
  distancesToError,
  epsilonAtHalfAccuracy,
  robustAccuracy,
  robustAccuracyAt,
  robustAccuracyCurve,
  smallestDistances,
} from '../../src/attacks/robust-accuracy.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, run } from './attacking.ts';
import {
  answers,
  halfSaturatedSamples,
  linearClassifier,
  nearestBoundary,
  randomModel,
  unitBox,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

describe('robust accuracy', () => {
  test('has all samples below the line, success only those attacked', () => {
    const outcomes = [
      'succeeded',
      'failed',
      'already-wrong',
      'gradient-unavailable',
      'not-run',
    ] as const;
    expect(robustAccuracy(outcomes)).toEqual({ count: 3, total: 5 });
    expect(attackSuccess(outcomes)).toEqual({ count: 1, total: 3 });
  });

  test('by hand', () => {
    const distances = Float64Array.of(0, 0.1, 0.3, Infinity);
    const curve = robustAccuracyCurve(distances, [0, 0.1, 0.2, 1]);
    expect(curve.map(({ count }) => count)).toEqual([3, 2, 2, 1]);
    expect(epsilonAtHalfAccuracy(distances)).toBe(0.1);
    expect(epsilonAtHalfAccuracy(Float64Array.of(Infinity, Infinity, 0.2))).toBe(Infinity);
    expect(smallestDistances([distances, Float64Array.of(0, 0.2, 0.2, 5)])).toEqual(
      Float64Array.of(0, 0.1, 0.2, 5),
    );
  });

  test('falls with epsilon, and is half or less from the epsilon at half accuracy on', () => {
    const lists = fc.array(
      fc.oneof(fc.constantFrom(0, Infinity), fc.double({ min: 0, max: 9, noNaN: true })),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(lists, fc.double({ min: 0, max: 9, noNaN: true }), (list, epsilon) => {
        const distances = Float64Array.from(list);
        const at = (size: number): number => robustAccuracyAt(distances, size).count;
        expect(at(epsilon)).toBeGreaterThanOrEqual(at(epsilon + 1));
        const half = epsilonAtHalfAccuracy(distances);
        if (half === Infinity) return;
        expect(at(half)).toBeLessThanOrEqual(list.length / 2);
        // Below this, numbers are too sparse for a part of a billionth.
        if (half > 1e-300) expect(at(half * (1 - 1e-9))).toBeGreaterThanOrEqual(list.length / 2);
      }),
    );
  });

  test('one minimum-norm run gives the exact curve of a linear model', async () => {
    const random = new Random(71, ['curve']);
    const model = randomModel(random, 20, 2);
    const inputs = halfSaturatedSamples(random, 50, 20);
    // Every fifth label is wrong: such samples count as lost at every epsilon.
    const labels = answers(model, inputs).map((label, row) => (row % 5 === 0 ? 1 - label : label));
    const attack = createAttack({ attack: 'fab', norm: 'Linf' });
    const result = await run(attack, linearClassifier(engine, model), inputs, leaving(labels));
    const found = distancesToError(result, inputs, 'Linf');
    const exact = [...labels].map((label, row) =>
      row % 5 === 0 ? 0 : nearestBoundary(model, inputs.row(row), label, unitBox, 'Linf'),
    );
    for (const epsilon of [0, 0.01, 0.03, 0.06, 0.1, 0.3]) {
      // Within 1.5% of epsilon, FAB's accuracy on linear models, a sample may be counted either way.
      const most = exact.filter(distance => distance * 1.015 > epsilon).length;
      const least = exact.filter(distance => distance > epsilon).length;
      const { count } = robustAccuracyAt(found, epsilon);
      expect(count).toBeGreaterThanOrEqual(least);
      expect(count).toBeLessThanOrEqual(most);
    }
  });
});
