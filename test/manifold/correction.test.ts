import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { correctingClassifier } from '../../src/manifold/correcting-classifier.ts';
import { manifoldCorrections, modelFreeCorrections } from '../../src/manifold/corrections.ts';
import {
  medianFilter,
  reduceBitDepth,
  stretch,
  threshold,
} from '../../src/manifold/input-filters.ts';
import { refineLatents } from '../../src/manifold/refine-latents.ts';
import {
  linearClassifier,
  linearManifold,
  normalRows,
  orthonormal,
  times,
  transposed,
} from './linear-manifold.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

const a = orthonormal(normalRows(12, 4, 'correction'));
const [w = []] = normalRows(1, 12, 'correction w');
const zero = Array.from({ length: 12 }, () => 0);
const manifold = linearManifold(a, zero);
const project = (v: readonly number[]): number[] => times(a, times(transposed(a), v));
const dot = (u: readonly number[], v: readonly number[]): number =>
  u.reduce((sum, value, i) => sum + value * (v[i] ?? NaN), 0);

/** Samples on the plane, of both classes. */
function samplesOnPlane(count: number): { inputs: Batch; labels: Int32Array; margins: number[] } {
  const inputs = Batch.zeros(count, [12]);
  const margins = normalRows(count, 4, 'latents').map((z, row) => {
    const x = times(a, z);
    inputs.row(row).set(x);
    return Math.abs(dot(w, x));
  });
  const labels = Int32Array.from({ length: count }, (_, row) =>
    dot(w, [...inputs.row(row)]) > 0 ? 0 : 1,
  );
  return { inputs, labels, margins };
}

describe('a linear projection', () => {
  const epsilon = 0.2;

  test('corrects FGSM by exactly ε·s·sign(w)ᵀPw', async () => {
    const { inputs, labels, margins } = samplesOnPlane(20);
    const classifier = linearClassifier(engine, w, 0);
    const { adversaries } = await createAttack({ attack: 'fgsm', norm: 'Linf', epsilon }).run({
      classifier,
      inputs,
      criterion: { kind: 'misclassified', labels },
      seed: 0,
      sampleIndices: [...labels.keys()],
    });
    const [reconstruction] = manifoldCorrections(manifold);
    const corrected = await reconstruction?.apply(adversaries);
    const logits = await classifier.logits(corrected ?? inputs);
    const lost = epsilon * dot(w.map(Math.sign), project(w));
    labels.forEach((label, row) => {
      const margin = (label === 0 ? 1 : -1) * (logits.row(row)[0] ?? NaN);
      expect(margin).toBeCloseTo((margins[row] ?? NaN) - lost, 4);
    });
  });

  test('an adversary who knows of it takes ε·‖Pw‖₁ from the margin, no less and no more', async () => {
    const { inputs, labels, margins } = samplesOnPlane(10);
    const classifier = correctingClassifier(linearClassifier(engine, w, 0), manifold);
    const { logits } = await createAttack({ attack: 'fgsm', norm: 'Linf', epsilon }).run({
      classifier,
      inputs,
      criterion: { kind: 'misclassified', labels },
      seed: 0,
      sampleIndices: [...labels.keys()],
    });
    const lost = epsilon * project(w).reduce((sum, value) => sum + Math.abs(value), 0);
    labels.forEach((label, row) => {
      const margin = (label === 0 ? 1 : -1) * (logits.row(row)[0] ?? NaN);
      expect(margin).toBeCloseTo((margins[row] ?? NaN) - lost, 4);
    });
  });
});

describe('refinement of latent vectors', () => {
  test('ends at the projection, wherever it starts', async () => {
    const inputs = new Batch(Float32Array.from(normalRows(3, 12, 'anywhere').flat()), [12]);
    const starts = new Batch(Float32Array.from(normalRows(3, 4, 'starts').flat()), [4]);
    const refined = await refineLatents(manifold, starts, inputs, { steps: 400, rate: 0.05 });
    const exact = await manifold.encode(inputs);
    refined.values.forEach((value, i) => expect(value).toBeCloseTo(exact.values[i] ?? NaN, 1.5));
  });

  test('no steps change nothing', async () => {
    const inputs = samplesOnPlane(2).inputs;
    const latents = await manifold.encode(inputs);
    const refined = await refineLatents(manifold, latents, inputs, { steps: 0, rate: 0.1 });
    expect(refined.values).toEqual(latents.values);
  });
});

const bounds = { lower: -1, upper: 3 };
const images = fc
  .array(fc.double({ min: -1, max: 3, noNaN: true }), { minLength: 24, maxLength: 24 })
  .map(values => new Batch(Float32Array.from(values), [4, 3, 2]));

describe('corrections without a model', () => {
  test('stay inside the bounds and repeat themselves, and black and white stay as they are', async () => {
    await fc.assert(
      fc.asyncProperty(images, async batch => {
        for (const correction of modelFreeCorrections([4, 3, 2], bounds)) {
          const { name } = correction;
          const once = await correction.apply(batch);
          expect(once.values.every(value => value >= -1 && value <= 3)).toBe(true);
          if (name !== 'median-filter' && name !== 'squeeze') {
            expect((await correction.apply(once)).values).toEqual(once.values);
          }
        }
        const blackAndWhite = threshold(batch, bounds);
        expect(stretch(blackAndWhite, bounds).values).toEqual(blackAndWhite.values);
        expect(reduceBitDepth(blackAndWhite, bounds, 3).values).toEqual(blackAndWhite.values);
      }),
    );
  });

  test('the median of each window, borders repeated', () => {
    // By hand: the corner sees 1 1 2 1 1 2 4 4 9, the middle 1 to 9.
    const filtered = medianFilter(
      new Batch(Float32Array.of(1, 2, 3, 4, 9, 6, 7, 8, 5), [3, 3, 1]),
      3,
    );
    expect([...filtered.values]).toEqual([2, 3, 3, 4, 5, 5, 7, 7, 6]);
  });

  test('there are none for tables', () => {
    expect(modelFreeCorrections([4], bounds)).toEqual([]);
  });
});
