import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { corruptionNames } from '../../src/config/condition-config.ts';
import { corrupt, type CorruptionName, type Severity } from '../../src/data/corruption.ts';
import { blur, pixelate, resample } from '../../src/data/picture-resampling.ts';
import { Random } from '../../src/random/random.ts';

const context = { bounds: [0, 1], seed: 5, sampleIndices: [3, 4] } as const;
const random = new Random(0, ['corruption-test']);
const pictures = new Batch(
  Float32Array.from({ length: 2 * 12 * 10 * 3 }, () => random.uniform(0.2, 0.8)),
  [12, 10, 3],
);

function distance(corruption: CorruptionName, severity: Severity): number {
  const changed = corrupt(pictures, { corruption, severity }, context);
  return changed.values.reduce(
    (sum, value, i) => sum + Math.abs(value - (pictures.values[i] ?? 0)),
    0,
  );
}

describe.each(corruptionNames)('%s', corruption => {
  test('changes a picture within the bounds, the same way each time', () => {
    const changed = corrupt(pictures, { corruption, severity: 3 }, context);
    expect(changed.values).not.toEqual(pictures.values);
    expect(changed.values.every(value => value >= 0 && value <= 1)).toBe(true);
    expect(corrupt(pictures, { corruption, severity: 3 }, context).values).toEqual(changed.values);
    const alone = corrupt(
      pictures.gather([1]),
      { corruption, severity: 3 },
      { ...context, sampleIndices: [4] },
    );
    expect(alone.values).toEqual(changed.row(1));
  });

  test('is stronger at severity 5 than at 1', () => {
    // A rotation by 15° moves every pixel of noise already.
    if (corruption === 'rotation' || corruption === 'translation') return;
    expect(distance(corruption, 5)).toBeGreaterThan(distance(corruption, 1));
  });
});

describe('resampling', () => {
  const row = { values: Float32Array.of(0, 1, 2, 3), height: 1, width: 4, channels: 1 };

  test('a shift by whole pixels moves them, the border goes on', () => {
    expect([...resample(row, (x, y) => [x - 1, y])]).toEqual([0, 0, 1, 2]);
    expect([...resample(row, (x, y) => [x + 0.5, y])]).toEqual([0.5, 1.5, 2.5, 3]);
  });

  test('four quarter turns are none', () => {
    const values = Float32Array.from({ length: 9 }, (_, i) => i);
    const square = { values, height: 3, width: 3, channels: 1 };
    const turn = (v: Float32Array) => resample({ ...square, values: v }, (x, y) => [y, -x]);
    expect([...turn(values)]).not.toEqual([...values]);
    expect([...turn(turn(turn(turn(values))))]).toEqual([...values]);
  });

  test('blur keeps a constant picture, and the mean of a point far from the border', () => {
    const flat = { values: new Float32Array(49).fill(0.3), height: 7, width: 7, channels: 1 };
    for (const value of blur(flat, 1)) expect(value).toBeCloseTo(0.3, 6);
    const values = new Float32Array(225);
    values[112] = 1;
    const spread = blur({ values, height: 15, width: 15, channels: 1 }, 1.5);
    expect(spread.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(spread[112]).toBe(Math.max(...spread));
  });

  test('pixels of a lower resolution are means of their blocks', () => {
    expect([...pixelate(row, 0.5)]).toEqual([0.5, 0.5, 2.5, 2.5]);
  });
});

test('a corruption of pictures refuses what is none; noise takes anything', () => {
  const table = new Batch(new Float32Array(8).fill(0.5), [4]);
  expect(() => corrupt(table, { corruption: 'rotation', severity: 1 }, context)).toThrow(
    'rotation is for pictures',
  );
  const noisy = corrupt(table, { corruption: 'gaussian-noise', severity: 1 }, context);
  expect(noisy.values).not.toEqual(table.values);
});

test('contrast and brightness follow their formulas', () => {
  const one = new Batch(Float32Array.of(0.2, 0.4, 0.6), [3]);
  const ctx = { ...context, sampleIndices: [0] };
  const contrast = corrupt(one, { corruption: 'contrast', severity: 1 }, ctx).values;
  [0.32, 0.4, 0.48].forEach((value, i) => expect(contrast[i]).toBeCloseTo(value, 6));
  const bright = corrupt(one, { corruption: 'brightness', severity: 5 }, ctx).values;
  [0.7, 0.9, 1].forEach((value, i) => expect(bright[i]).toBeCloseTo(value, 6));
});
