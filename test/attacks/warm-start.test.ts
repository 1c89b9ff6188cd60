import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { allRows } from '../../src/attacks/active-rows.ts';
import { carliniWagner } from '../../src/attacks/carlini-wagner.ts';
import { criterionGap } from '../../src/attacks/criterion.ts';
import { ddn } from '../../src/attacks/ddn.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import { warmStart } from '../../src/attacks/warm-start.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, run } from './attacking.ts';
import { binaryModel, linearClassifier, median, unitBox } from './linear-models.ts';
import { ratiosToOptimum, twoClassProblem } from './two-class-problem.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

const warm = carliniWagner({ attack: 'carlini-wagner', preset: 'warm' });

describe('a warm start', () => {
  test.each([unitBox, { lower: -10, upper: 10 }])(
    'finds the multiplier of a boundary: %o',
    async bounds => {
      // The lead w·x + b = 0.5 with ‖w‖ = 5 is gone at ‖δ‖ = 0.1, where 2‖δ‖ = c·‖w‖ in input units.
      const multiplier = (2 * 0.1) / 5 / (bounds.upper - bounds.lower) ** 2;
      const classifier = linearClassifier(engine, binaryModel([3, 4], -3), { bounds });
      const inputs = new Batch(Float32Array.of(0.5, 0.5), [2]);
      const criterion = leaving([0]);
      const context = { classifier, inputs, criterion, seed: 1, sampleIndices: [0] };
      const { constants, points } = await warmStart(context, 300, NaN);
      expect(distanceBetween(inputs.row(0), points.row(0), 'L2')).toBeCloseTo(0.1, 2);
      // Twice the multiplier; the adversary lies a little beyond the boundary.
      expect((constants[0] ?? NaN) / (2 * multiplier)).toBeCloseTo(1, 1);
    },
  );

  test('starts a sample without an adversary from its clean input', async () => {
    const classifier = linearClassifier(engine, binaryModel([1, 2], 0.5));
    const inputs = new Batch(Float32Array.of(0.5, 0.25), [2]);
    const context = { classifier, inputs, criterion: leaving([0]), seed: 1, sampleIndices: [0] };
    const { constants, points } = await warmStart(context, 20, 123);
    expect(points.values).toEqual(inputs.values);
    expect([...constants]).toEqual([123]);
    expect((await run(warm, classifier, inputs, leaving([0]))).outcomes).toEqual(['failed']);
  });

  test('leads within 1% of the optimum in the box, and never farther than its start', async () => {
    const problem = twoClassProblem();
    const { model, inputs, labels } = problem;
    const classifier = linearClassifier(engine, model);
    const result = await run(warm, classifier, inputs, leaving(labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded']));
    const ratios = ratiosToOptimum(result, problem);
    expect(Math.min(...ratios)).toBeGreaterThan(0.9999);
    expect(median(ratios)).toBeLessThan(1.002);
    expect(Math.max(...ratios)).toBeLessThan(1.01);
    const start = await run(ddn({ attack: 'ddn', steps: 50 }), classifier, inputs, leaving(labels));
    const startRatios = ratiosToOptimum(start, problem);
    ratios.forEach((ratio, row) => expect(ratio).toBeLessThan((startRatios[row] ?? NaN) + 1e-4));
  });

  test.each([2.3, 15])('with κ = %d leads by κ', async confidence => {
    const { model, inputs, labels } = twoClassProblem();
    const criterion = leaving(labels);
    const attack = carliniWagner({ attack: 'carlini-wagner', preset: 'warm', confidence });
    const result = await run(attack, linearClassifier(engine, model), inputs, criterion);
    const cold = carliniWagner({ attack: 'carlini-wagner', preset: 'quick', confidence });
    const fromClean = await run(cold, linearClassifier(engine, model), inputs, criterion);
    const succeeded = (outcomes: readonly string[]) =>
      allRows(inputs.count).filter(row => outcomes[row] === 'succeeded');
    expect(succeeded(result.outcomes)).toEqual(
      expect.arrayContaining(succeeded(fromClean.outcomes)),
    );
    for (const row of succeeded(result.outcomes)) {
      expect(criterionGap(criterion, row, result.logits.row(row))).toBeGreaterThan(confidence);
    }
  });

  test('does not depend on the other samples in the batch, nor on their order', async () => {
    const { model, inputs, labels } = twoClassProblem();
    const classifier = linearClassifier(engine, model);
    const whole = await run(warm, classifier, inputs, leaving(labels));
    const order = [...new Random(1, ['order']).permutation(inputs.count)].slice(0, 20);
    const some = await run(
      warm,
      classifier,
      inputs.gather(order),
      leaving(order.map(row => labels[row] ?? NaN)),
    );
    expect(some.adversaries.values).toEqual(whole.adversaries.gather(order).values);
  });
});
