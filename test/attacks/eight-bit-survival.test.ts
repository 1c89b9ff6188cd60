import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { survivalOfRounding, roundTo8Bits } from '../../src/attacks/eight-bit-survival.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { binaryModel, linearClassifier } from './linear-models.ts';

describe('rounding to 8 bits', () => {
  test('leaves what a picture can hold, and moves nothing by more than half a level', () => {
    const bounds = { lower: -1, upper: 1 };
    const levels = Float32Array.from({ length: 256 }, (_, i) => -1 + (2 * i) / 255);
    const kept = roundTo8Bits(new Batch(levels, [256]), bounds).values;
    kept.forEach((value, i) => expect(value).toBeCloseTo(levels[i] as number, 6));
    const anything = Float32Array.from({ length: 999 }, (_, i) => -1 + (2 * i) / 998);
    const rounded = roundTo8Bits(new Batch(anything, [999]), bounds).values;
    rounded.forEach((value, i) =>
      expect(Math.abs(value - (anything[i] as number))).toBeLessThanOrEqual(1 / 255 + 1e-6),
    );
  });
});

test('a success between two grey values is lost, one beyond the next survives', async () => {
  const engine = await openEngine({ name: 'cpu' });
  // The first class wins above 0.503, which lies between levels 128 (0.50196) and 129 (0.50588).
  const classifier = linearClassifier(engine, binaryModel([1], -0.503));
  const survival = await survivalOfRounding(
    classifier,
    { kind: 'misclassified', labels: Int32Array.of(1, 1, 1) },
    {
      adversaries: new Batch(Float32Array.of(0.5035, 0.505, 0.4), [1]),
      outcomes: ['succeeded', 'succeeded', 'failed'],
      logits: Batch.zeros(3, [2]),
      steps: new Int32Array(3),
      lostSuccess: new Uint8Array(3),
    },
  );
  expect([...survival]).toEqual([0, 1, -1]);
  classifier.dispose();
  engine.dispose();
});
