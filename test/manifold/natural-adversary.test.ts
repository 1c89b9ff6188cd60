import { beforeAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { gradientSearch } from '../../src/manifold/gradient-search.ts';
import {
  findNaturalAdversaries,
  type LatentSearch,
  type NaturalAdversaries,
  type NaturalContext,
} from '../../src/manifold/natural-adversary.ts';
import { shellSearch, usualShellSearch } from '../../src/manifold/shell-search.ts';
import { Random } from '../../src/random/random.ts';
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

interface Scene {
  readonly context: NaturalContext;
  /** Normal of the boundary. */
  readonly w: readonly number[];
  /** Exact distance of each start from the boundary, m / ‖Aᵀw‖₂. */
  readonly exact: number[];
}

/**
 * Samples that lie in the plane of the generator, in front of a flat boundary.
 *
 * @param radius distance of all starts from the boundary; various ones when it is left out
 */
function scene(latentSize: number, count: number, radius?: number): Scene {
  const a = orthonormal(normalRows(latentSize + 6, latentSize, `a${latentSize}`));
  const [w = []] = normalRows(1, latentSize + 6, `w${latentSize}`);
  const [offset = []] = normalRows(1, latentSize + 6, 'offset');
  const manifold = linearManifold(a, offset);
  const slope = times(transposed(a), w);
  const norm = Math.hypot(...slope);
  const bias = 0.4;
  const random = new Random(8, ['scene', latentSize]);
  const inputs = Batch.zeros(count, [w.length]);
  const exact: number[] = [];
  for (let row = 0; row < count; row++) {
    // A start at the wanted distance, on the side of class 0.
    const wanted = radius ?? random.uniform(0.2, 3);
    const z = slope.map(() => random.normal());
    const level = (at: readonly number[]): number =>
      times(
        [w],
        times(a, at).map((value, i) => value + (offset[i] ?? 0)),
      )[0] ?? NaN;
    const move = (wanted * norm - (level(z) + bias)) / norm ** 2;
    const start = z.map((value, i) => value + move * (slope[i] ?? NaN));
    inputs.row(row).set(times(a, start).map((value, i) => value + (offset[i] ?? 0)));
    exact.push(wanted);
  }
  return {
    exact,
    w,
    context: {
      classifier: linearClassifier(engine, w, bias),
      manifold,
      inputs,
      labels: new Int32Array(count),
      seed: 4,
      sampleIndices: Array.from({ length: count }, (_, i) => i),
    },
  };
}

function ratios({ exact }: Scene, { latentDistances }: NaturalAdversaries): number[] {
  return [...latentDistances].map((value, row) => value / (exact[row] ?? NaN));
}

describe('search by gradient', () => {
  test.each([2, 16, 64])(
    'finds m / ‖Aᵀw‖ in %i dimensions within one percent',
    async latentSize => {
      const linear = scene(latentSize, 25);
      const found = await findNaturalAdversaries(gradientSearch(), linear.context);
      expect(found.outcomes.every(outcome => outcome === 'succeeded')).toBe(true);
      for (const ratio of ratios(linear, found)) {
        expect(ratio).toBeGreaterThan(0.999);
        expect(ratio).toBeLessThan(1.01);
      }
      // Distances between samples are those of the latents, since A keeps lengths.
      found.reconstructionDistances.forEach((value, row) => {
        expect(value).toBeCloseTo(found.latentDistances[row] ?? NaN, 4);
      });
    },
  );
});

/** I_x(a, b) for half-integers, by the midpoint rule on sin²: smooth, so very exact. */
function incompleteBeta(x: number, a: number, b: number): number {
  const area = (upper: number): number => {
    const pieces = 4000;
    let sum = 0;
    for (let i = 0; i < pieces; i++) {
      const angle = (upper * (i + 0.5)) / pieces;
      sum += Math.sin(angle) ** (2 * a - 1) * Math.cos(angle) ** (2 * b - 1);
    }
    return (sum * upper) / pieces;
  };
  return area(Math.asin(Math.sqrt(x))) / area(Math.PI / 2);
}

/** Chance that a random direction of length r crosses a flat boundary at distance 1. */
function hitChance(r: number, dimensions: number): number {
  return r <= 1 ? 0 : 0.5 * incompleteBeta(1 - r ** -2, (dimensions - 1) / 2, 0.5);
}

describe('black-box search', () => {
  test('iterative shells end where the hazard formula says', async () => {
    const dimensions = 8;
    const candidates = 50;
    const radiusStep = 0.05;
    const linear = scene(dimensions, 60, 1);
    const search = shellSearch({
      ...usualShellSearch,
      algorithm: 'iterative',
      candidates,
      radiusStep,
      queryBudget: 1e6,
      refined: false,
    });
    const found = await findNaturalAdversaries(search, linear.context);
    const distances = [...found.latentDistances].sort((a, b) => a - b);
    expect(distances[0]).toBeGreaterThan(1);
    // Chance that no shell up to r had a hit.
    const quantile = (share: number): number => {
      let surviving = 1;
      for (let shell = 0; ; shell++) {
        const middle = (shell + 0.5) * radiusStep;
        surviving *= (1 - hitChance(middle, dimensions)) ** candidates;
        if (1 - surviving >= share) return middle;
      }
    };
    // Of 60 draws the median lies between the 25% and the 75% quantile but for less than one time in 10⁴.
    const median = distances[30] ?? NaN;
    expect(median).toBeGreaterThan(quantile(0.25) - radiusStep);
    expect(median).toBeLessThan(quantile(0.75) + radiusStep);
    expect(distances.at(-1)).toBeLessThan(quantile(0.9999) + radiusStep);
  });

  test.each(['iterative', 'hybrid'] as const)(
    'the %s search never beats the exact distance, and refinement only shortens',
    async algorithm => {
      const linear = scene(8, 12);
      const settings = { ...usualShellSearch, algorithm, radiusStep: 0.05, queryBudget: 20_000 };
      const run = async (refined: boolean): Promise<NaturalAdversaries> =>
        await findNaturalAdversaries(shellSearch({ ...settings, refined }), linear.context);
      const [rough, fine] = [await run(false), await run(true)];
      ratios(linear, rough).forEach((ratio, row) => {
        const refinedRatio = ratios(linear, fine)[row] ?? NaN;
        expect(refinedRatio).toBeGreaterThan(0.999);
        expect(ratio).toBeGreaterThanOrEqual(refinedRatio - 1e-6);
      });
    },
  );

  test('the budget of queries and the cap on the radius hold', async () => {
    const linear = scene(8, 6, 5);
    const search = shellSearch({ ...usualShellSearch, queryBudget: 700 });
    const found = await findNaturalAdversaries(search, linear.context);
    expect(Math.max(...found.queries)).toBeLessThanOrEqual(702);
    const capped = shellSearch({ ...usualShellSearch, radiusCap: 4 });
    const nothing = await findNaturalAdversaries(capped, linear.context);
    expect(nothing.outcomes).toEqual(Array(6).fill('failed'));
    expect(nothing.adversaries.values).toEqual(linear.context.inputs.values);
    expect([...nothing.latentDistances].every(Number.isNaN)).toBe(true);
  });
});

describe('every search', () => {
  const searches: readonly LatentSearch[] = [
    gradientSearch(),
    shellSearch({ ...usualShellSearch, queryBudget: 2000 }),
  ];

  test.each(searches)('$name does not depend on the batch or its order', async search => {
    const { context } = scene(8, 5);
    const all = await findNaturalAdversaries(search, context);
    const rows = [3, 1];
    const some = await findNaturalAdversaries(search, {
      ...context,
      inputs: context.inputs.gather(rows),
      labels: new Int32Array(2),
      sampleIndices: rows,
    });
    expect(some.adversaries.values).toEqual(all.adversaries.gather(rows).values);
  });

  test.each(searches)(
    '$name tells failures of the manifold and of the model apart',
    async search => {
      const { context, w } = scene(8, 4);
      const wrong = Int32Array.of(0, 1, 0, 0);
      const decode = (latents: Batch): Promise<Batch> => {
        const samples = Batch.zeros(latents.count, [w.length]);
        // Far on the other side of the boundary, whatever is asked for.
        for (let row = 0; row < latents.count; row++)
          samples.row(row).set(w.map(value => -9 * value));
        return Promise.resolve(samples);
      };
      const { outcomes, latentDistances } = await findNaturalAdversaries(search, {
        ...context,
        labels: wrong,
        manifold: { ...context.manifold, decode },
      });
      expect(outcomes).toEqual([
        'reconstruction-misclassified',
        'already-wrong',
        'reconstruction-misclassified',
        'reconstruction-misclassified',
      ]);
      expect([...latentDistances].every(Number.isNaN)).toBe(true);
    },
  );
});
