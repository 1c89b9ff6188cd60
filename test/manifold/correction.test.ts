import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { attackCorrection } from '../../src/audit/adaptive-attack.ts';
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
import type { Manifold } from '../../src/manifold/manifold.ts';
import { refineLatents } from '../../src/manifold/refine-latents.ts';
import { squeezeRange } from '../../src/manifold/squeeze.ts';
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

describe('an adversary before whom a squeeze hides the gradient', () => {
  const epsilon = 0.4;
  const unit = { lower: 0, upper: 1 };
  const { lower, upper } = squeezeRange;
  const width = upper - lower;
  /** The projection of squeezed inputs, by plain arithmetic. */
  const squeezed: Manifold = {
    ...manifold,
    squeezes: true,
    reconstruct: inputs => manifold.reconstruct(stretch(inputs, unit)),
    pullBackReconstruct: async (inputs, cotangents) => {
      const { outputs, gradient } = await manifold.pullBackReconstruct(
        stretch(inputs, unit),
        cotangents,
      );
      const slopes = inputs.values.map(value => (value > lower && value < upper ? 1 / width : 0));
      return {
        outputs,
        gradient: new Batch(
          gradient.values.map((value, i) => value * (slopes[i] ?? NaN)),
          gradient.shape,
        ),
      };
    },
    pullBackStraightThrough: async (inputs, cotangents) => {
      const { outputs, gradient } = await manifold.pullBackReconstruct(
        stretch(inputs, unit),
        cotangents,
      );
      return {
        outputs,
        gradient: new Batch(
          gradient.values.map(value => value / width),
          gradient.shape,
        ),
      };
    },
  };
  /** Black and white: all are 0 or 1. */
  const inputs = new Batch(
    Float32Array.from(normalRows(20, 12, 'black and white').flat(), value => (value > 0 ? 1 : 0)),
    [12],
  );
  const pw = project(w);
  const scores = Array.from({ length: inputs.count }, (_, row) => dot(pw, [...inputs.row(row)]));
  const labels = Int32Array.from(scores, score => (score > 0 ? 0 : 1));
  const attack = {
    settings: { attack: 'fgsm', norm: 'Linf', epsilon } as const,
    criterion: { kind: 'misclassified', labels } as const,
    inputs,
    seed: 0,
    sampleIndices: [...labels.keys()],
  };
  const marginsOf = (logits: Batch): number[] =>
    [...labels].map((label, row) => (label === 0 ? 1 : -1) * (logits.row(row)[0] ?? NaN));

  /** Only moves towards grey count, each by (ε − 0.3) / 0.4 behind the squeeze. */
  const lostTo = (row: number): number => {
    const sign = labels[row] === 0 ? -1 : 1;
    return pw.reduce((sum, slope, i) => {
      const inwards = inputs.row(row)[i] === 1 ? -1 : 1;
      const moves = Math.sign(sign * slope) === inwards;
      return sum + (moves ? (Math.abs(slope) * (epsilon - lower)) / width : 0);
    }, 0);
  };

  test('its gradient is zero, so that it changes nothing; straight through, it takes what there is', async () => {
    const classifier = linearClassifier(engine, w, 0, unit);
    const behind = (backward: 'exact' | 'straight-through') =>
      createAttack(attack.settings).run({
        ...attack,
        classifier: correctingClassifier(classifier, squeezed, backward),
      });
    const exact = marginsOf((await behind('exact')).logits);
    const straight = marginsOf((await behind('straight-through')).logits);
    scores.forEach((score, row) => {
      expect(exact[row]).toBeCloseTo(Math.abs(score), 4);
      expect(straight[row]).toBeCloseTo(Math.abs(score) - lostTo(row), 4);
    });
  });

  test('the worst of both counts for each sample', async () => {
    const classifier = linearClassifier(engine, w, 0, unit);
    const margins = marginsOf(
      await attackCorrection({ ...attack, classifier, manifold: squeezed }),
    );
    const broken = scores.filter((score, row) => Math.abs(score) < lostTo(row)).length;
    expect(broken).toBeGreaterThan(0);
    expect(broken).toBeLessThan(inputs.count);
    expect(margins.filter(margin => margin < 0).length).toBe(broken);
  });
});
