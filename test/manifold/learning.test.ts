import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { prepareStep } from '../../src/engine/step-function.ts';
import { createNetworks } from '../../src/manifold/create-networks.ts';
import {
  learnManifold,
  type LearningOptions,
  type UnlabelledData,
} from '../../src/manifold/learn-manifold.ts';
import { ManifoldStore } from '../../src/manifold/manifold-store.ts';
import { chooseSizes } from '../../src/manifold/network-sizes.ts';
import { openManifold } from '../../src/manifold/open-manifold.ts';
import { oneLoopRecipe, studyRecipe } from '../../src/manifold/recipe.ts';
import { evaluationInterval } from '../../src/manifold/train-manifold.ts';
import { criticStep, generatorStep } from '../../src/manifold/training-steps.ts';
import { Random } from '../../src/random/random.ts';

let wasm: Engine;
let native: Engine;
let folder: string;

beforeAll(async () => {
  wasm = await openEngine({ name: 'wasm' });
  native = await openEngine({ name: 'native' });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-manifold-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Rows near a ring in four dimensions: a manifold of one dimension. */
const ring: UnlabelledData = {
  count: 400,
  shape: [4],
  fingerprint: 'ring',
  read: indices => {
    const batch = Batch.zeros(indices.length, [4]);
    indices.forEach((index, row) => {
      const random = new Random(2, ['ring', index]);
      const angle = random.uniform(0, 2 * Math.PI);
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      batch.row(row).set([x, y, x + y, x - y].map(value => 5 + value + 0.02 * random.normal()));
    });
    return Promise.resolve(batch);
  },
};

function options(store: string, changes: Partial<LearningOptions> = {}): LearningOptions {
  return {
    engine: native,
    data: ring,
    bounds: { lower: 0, upper: 10 },
    settings: { steps: 300 },
    seed: 5,
    store: new ManifoldStore(join(folder, store)),
    ...changes,
  };
}

describe('a step of the training', () => {
  const shapes = [
    { shape: [12, 9, 1], recipe: oneLoopRecipe('noise-and-squeeze') },
    { shape: [16, 16, 3], recipe: studyRecipe },
    { shape: [5], recipe: oneLoopRecipe('noise') },
  ];

  test.each(shapes)('compiled is the same as on wasm, for $shape', async ({ shape, recipe }) => {
    const networks = createNetworks(chooseSizes(shape, { width: 0.125, latentSize: 3 }));
    const small = { ...recipe, batchSize: 4 };
    for (const step of [criticStep(networks, small), generatorStep(networks, small)]) {
      const random = new Random(1, ['step', step.name]);
      const inputs = step.inputs.map(of => {
        const size = of.reduce((product, length) => product * length, 1);
        return Float32Array.from({ length: size }, () => random.uniform(0.01, 0.6));
      });
      const compiled = await prepareStep(native, step);
      const actual = await compiled.run(inputs);
      expect(native.notes).toEqual([]);
      const expected = await (await prepareStep(wasm, step)).run(inputs);
      expect(actual.length).toBe(expected.length);
      expected.forEach((values, output) => {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
        values.forEach((value, i) => {
          const error = Math.abs(value - (actual[output]?.[i] ?? NaN)) / scale;
          if (!(error < 2e-4)) expect.fail(`${step.name}, output ${output}: off by ${error}`);
        });
      });
      await compiled.dispose();
    }
  });
});

describe('a training', () => {
  test('finds the ring: reconstructions are near, and noise is taken away', async () => {
    const trained = await learnManifold(options('a', { settings: { steps: 1200 } }));
    if (trained === undefined) return expect.fail('not trained');
    const { heldOutError, errorOfMean } = trained.record;
    expect(heldOutError).toBeLessThan(0.1 * errorOfMean);
    const manifold = openManifold(native, trained);
    const samples = await ring.read([0, 1, 2, 3, 4, 5, 6, 7]);
    const off = new Batch(
      samples.values.map((value, i) => value + (i % 4 === 2 ? 0.4 : 0)),
      [4],
    );
    const errorOf = (batch: Batch): number =>
      batch.values.reduce((sum, value, i) => sum + (value - (samples.values[i] ?? NaN)) ** 2, 0);
    expect(errorOf(await manifold.reconstruct(off))).toBeLessThan(errorOf(off));
    manifold.dispose();
  });

  test('is the same after an interruption, to the last bit, and is then kept', async () => {
    const whole = await learnManifold(options('whole'));
    const stop = new AbortController();
    const interrupted = await learnManifold(
      options('parts', {
        signal: stop.signal,
        onProgress: ({ step }) => step > evaluationInterval + 20 && stop.abort(),
      }),
    );
    expect(interrupted).toBeUndefined();
    const firstSteps: number[] = [];
    const resumed = await learnManifold(
      options('parts', { onProgress: ({ step }) => firstSteps.push(step) }),
    );
    // It says where it goes on, and repeats no step.
    expect(firstSteps.slice(0, 2)).toEqual([evaluationInterval, evaluationInterval + 1]);
    expect(resumed?.weights).toEqual(whole?.weights);
    expect(resumed?.record.history).toEqual(whole?.record.history);
    const key = whole?.record.key ?? '';
    expect(await readdir(join(folder, 'parts', key))).toEqual(['manifold.npz']);

    let steps = 0;
    const kept = await learnManifold(options('parts', { onProgress: () => steps++ }));
    expect(steps).toBe(0);
    expect(kept?.weights).toEqual(whole?.weights);
    expect(kept?.record).toEqual(resumed?.record);
  });

  test('another seed, other settings and other data are other manifolds', async () => {
    const keyOf = async (changes: Partial<LearningOptions>): Promise<string> => {
      const trained = await learnManifold(options('keys', { settings: { steps: 10 }, ...changes }));
      return trained?.record.key ?? '';
    };
    const keys = [
      await keyOf({}),
      await keyOf({ seed: 6 }),
      await keyOf({ settings: { steps: 10, recipe: 'study' } }),
      await keyOf({ data: { ...ring, fingerprint: 'another ring' } }),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(await keyOf({})).toBe(keys[0]);
  });

  test('stops by itself when the held-out error stops falling', async () => {
    const point = await ring.read([0]);
    const constant: UnlabelledData = {
      ...ring,
      fingerprint: 'constant',
      read: indices =>
        Promise.resolve(
          new Batch(Float32Array.from(indices.flatMap(() => [...point.values])), [4]),
        ),
    };
    const trained = await learnManifold(
      options('stop', { data: constant, settings: { steps: 20_000 } }),
    );
    expect(trained?.record.steps).toBeLessThan(20_000);
  });

  test('too few samples and strange shapes are refused', async () => {
    const few = options('few', { data: { ...ring, count: 60 } });
    await expect(learnManifold(few)).rejects.toMatchObject({ code: 'manifold/too-few-samples' });
    const strange = options('strange', { data: { ...ring, shape: [3, 4, 5, 6] } });
    await expect(learnManifold(strange)).rejects.toMatchObject({
      code: 'manifold/unsupported-shape',
    });
  });
});

describe('the manifold on an engine', () => {
  test('its gradients are those of finite differences', async () => {
    const trained = await learnManifold(options('gradients', { settings: { steps: 100 } }));
    if (trained === undefined) return expect.fail('not trained');
    const manifold = openManifold(wasm, trained);
    const random = new Random(4, ['gradients']);
    const inputs = await ring.read([3, 9]);
    const latents = await manifold.encode(inputs);
    const cotangents = new Batch(
      inputs.values.map(() => random.normal()),
      [4],
    );
    const along = (outputs: Batch): number =>
      outputs.values.reduce((sum, value, i) => sum + value * (cotangents.values[i] ?? NaN), 0);
    const check = async (
      at: Batch,
      value: (point: Batch) => Promise<number>,
      gradient: Batch,
    ): Promise<void> => {
      const direction = at.values.map(() => random.normal());
      const move = (length: number): Batch =>
        new Batch(
          at.values.map((x, i) => x + length * (direction[i] ?? NaN)),
          at.shape,
        );
      const h = 2e-3;
      const difference = ((await value(move(h))) - (await value(move(-h)))) / (2 * h);
      const expected = gradient.values.reduce((sum, g, i) => sum + g * (direction[i] ?? NaN), 0);
      expect(difference / expected).toBeCloseTo(1, 1);
    };
    const decoded = await manifold.pullBackDecode(latents, cotangents);
    await check(latents, async z => along(await manifold.decode(z)), decoded.gradient);
    const reconstructed = await manifold.pullBackReconstruct(inputs, cotangents);
    await check(inputs, async x => along(await manifold.reconstruct(x)), reconstructed.gradient);
    const { gradient } = await manifold.misfit(latents, inputs);
    const misfitAt = async (z: Batch): Promise<number> => {
      const { squares } = await manifold.misfit(z, inputs);
      return squares.reduce((sum, value) => sum + value, 0);
    };
    const shifted = new Batch(
      latents.values.map(value => value + 0.5),
      latents.shape,
    );
    await check(shifted, misfitAt, (await manifold.misfit(shifted, inputs)).gradient);
    expect(gradient.shape).toEqual([manifold.latentSize]);
    manifold.dispose();
  });
});
