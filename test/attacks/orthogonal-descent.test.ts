import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { AttackContext, AttackResult, Norm } from '../../src/attacks/attack.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import { type DetectorScores, descendUnnoticed } from '../../src/attacks/orthogonal-descent.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { binaryModel, linearClassifier, wideBox } from './linear-models.ts';

const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

/** The first class is the answer where the first of two numbers is positive. */
const classifier = linearClassifier(engine, binaryModel([1, 0], 0), { bounds: wideBox });
const epsilon = 0.3;

/** A function of the two numbers, and its slopes by each, by hand. */
type Score = (x: number, y: number) => readonly [value: number, byX: number, byY: number];

const alongBoundary: Score = (_, y) => [y * y, 0, 2 * y];
const lowerAcross: Score = x => [(x - 1) ** 2, 2 * (x - 1), 0];
const peakAtBoundary: Score = x => [-(x * x), -2 * x, 0];

const detectorOf =
  (score: Score) =>
  (inputs: Batch): Promise<DetectorScores> => {
    const scores = new Float32Array(inputs.count);
    const gradient = Batch.zeros(inputs.count, inputs.shape);
    for (let row = 0; row < inputs.count; row++) {
      const [x = NaN, y = NaN] = inputs.row(row);
      const [value, ...slopes] = score(x, y);
      scores[row] = value;
      gradient.row(row).set(slopes);
    }
    return Promise.resolve({ scores, gradient });
  };

const context = (inputs: Batch): AttackContext => ({
  classifier,
  inputs,
  criterion: { kind: 'misclassified', labels: new Int32Array(inputs.count) },
  seed: 3,
  sampleIndices: Array.from({ length: inputs.count }, (_, i) => i),
});

async function attacked(inputs: Batch, norm: Norm): Promise<AttackResult> {
  return await createAttack({ attack: 'pgd', norm, epsilon }).run(context(inputs));
}

/** The second is too far from the boundary to be fooled. */
const inputs = new Batch(Float32Array.of(0.2, 0.5, 0.9, 0.5), [2]);

describe('what is optimal within the ball', () => {
  test.each([
    // As low as the ball lets the second number go: 0.2 and, with nothing to spare, 0.5 − √(0.3² − 0.2²).
    ['along the boundary', 'Linf', alongBoundary, 0.2 ** 2],
    ['along the boundary', 'L2', alongBoundary, (0.5 - Math.sqrt(0.05)) ** 2],
    // The boundary may be neared, not crossed.
    ['lower across it', 'Linf', lowerAcross, 1],
    ['lower across it', 'L2', lowerAcross, 1],
    // Highest at the boundary, as doubt is: as far away as the ball lets it.
    ['highest at it', 'Linf', peakAtBoundary, -(0.1 ** 2)],
    ['highest at it', 'L2', peakAtBoundary, -(0.1 ** 2)],
  ] as const)(
    'is reached, and stays a success: a score %s, %s',
    async (_, norm, score, optimum) => {
      const detector = detectorOf(score);
      const found = await attacked(inputs, norm);
      expect(found.outcomes).toEqual(['succeeded', 'failed']);
      const plan = { norm, epsilon, steps: 50, detector };
      const result = await descendUnnoticed(context(inputs), found, plan);

      expect(result.outcomes).toEqual(found.outcomes);
      const fooled = result.adversaries.row(0);
      expect(fooled[0]).toBeLessThan(0);
      expect(distanceBetween(inputs.row(0), fooled, norm)).toBeLessThan(epsilon * (1 + 1e-6));
      const { scores } = await detector(result.adversaries);
      expect(Math.abs((scores[0] as number) - optimum)).toBeLessThan(0.02);
      expect(result.logits.row(0)).toEqual((await classifier.logits(result.adversaries)).row(0));
      // Nothing is changed where there was no success.
      expect(result.adversaries.row(1)).toEqual(found.adversaries.row(1));
    },
  );
});

test('without a budget an adversary stays as near as it was found', async () => {
  const found = await createAttack({ attack: 'deepfool', norm: 'L2' }).run(context(inputs));
  const detector = detectorOf(alongBoundary);
  const plan = { norm: 'L2', steps: 50, detector } as const;
  const result = await descendUnnoticed(context(inputs), found, plan);
  for (const row of [0, 1]) {
    const [before, after] = [found, result].map(({ adversaries }) =>
      distanceBetween(inputs.row(row), adversaries.row(row), 'L2'),
    );
    expect(after).toBeLessThanOrEqual((before as number) * (1 + 1e-6));
    expect(result.adversaries.row(row)[0]).toBeLessThan(0);
  }
});

test('a detector that gives no gradient, or numbers that are none, leaves what was found', async () => {
  const found = await attacked(inputs, 'Linf');
  for (const value of [NaN, Infinity]) {
    const detector = detectorOf(() => [value, NaN, NaN]);
    const plan = { norm: 'Linf', epsilon, steps: 10, detector } as const;
    const result = await descendUnnoticed(context(inputs), found, plan);
    expect(result.adversaries).toEqual(found.adversaries);
    expect(result.outcomes).toEqual(found.outcomes);
  }
});

test('a sample comes out the same alone and among others', async () => {
  const detector = detectorOf((x, y) => [x * y + y * y, y, x + 2 * y]);
  const plan = { norm: 'L2', epsilon, steps: 20, detector } as const;
  const many = new Batch(Float32Array.of(0.2, 0.5, 0.1, -0.4, 0.25, 0.1), [2]);
  const whole = await descendUnnoticed(context(many), await attacked(many, 'L2'), plan);
  const [alone] = [many.gather([1])];
  const single = { ...context(alone), sampleIndices: [1] };
  const found = await createAttack({ attack: 'pgd', norm: 'L2', epsilon }).run(single);
  const result = await descendUnnoticed(single, found, plan);
  expect(result.adversaries.row(0)).toEqual(whole.adversaries.row(1));
});
