import { fork } from 'node:child_process';
import { once } from 'node:events';
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
import { ring, squares } from './ring.ts';

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

describe('the sizes of the networks', () => {
  test.each([
    [
      [28, 28, 1],
      [16, 32],
    ],
    [
      [32, 32, 3],
      [32, 64],
    ],
    [
      [64, 64, 1],
      [8, 16, 32],
    ],
    [
      [64, 64, 3],
      [16, 32, 64],
    ],
    [
      [96, 96, 3],
      [8, 16, 32, 64],
    ],
    [
      [128, 128, 1],
      [8, 8, 16, 32],
    ],
  ])('a larger image has a further convolution outside of the others: %j', (shape, filters) => {
    expect(chooseSizes(shape)).toMatchObject({ filters });
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

  test('is the same after its process was killed, to the last bit', async () => {
    const whole = await learnManifold(options('unkilled'));
    const child = fork(join(import.meta.dirname, 'training-process.ts'), [join(folder, 'killed')], {
      execArgv: ['--import', 'tsx'],
    });
    child.on('message', step => {
      if (Number(step) > evaluationInterval + 20) child.kill('SIGKILL');
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const steps: number[] = [];
    const resumed = await learnManifold(
      options('killed', { onProgress: ({ step }) => steps.push(step) }),
    );
    // From a checkpoint, which it names first, not from the beginning.
    const [start = 0, next] = steps;
    expect(start).toBeGreaterThanOrEqual(evaluationInterval);
    expect(next).toBe(start + 1);
    expect(resumed?.weights).toEqual(whole?.weights);
    expect(resumed?.record.history).toEqual(whole?.record.history);
  });

  test.each([[[28, 28, 1]], [[32, 32, 3]], [[48, 40, 3]], [[96, 96, 1]], [[96, 96, 3]]] as const)(
    'learns images of shape %j',
    async shape => {
      const trained = await learnManifold(
        options('images', {
          data: squares(shape),
          bounds: { lower: 0, upper: 1 },
          settings: { steps: 3, width: 0.125, latentSize: 8 },
        }),
      );
      if (trained === undefined) return expect.fail('not trained');
      const { history, heldOutError, errorOfMean } = trained.record;
      expect(history.map(({ step }) => step)).toEqual([3]);
      expect(Number.isFinite(heldOutError)).toBe(true);
      // A generator that knows nothing yet is grey, which is far worse than the mean of dark images.
      expect(heldOutError).toBeLessThan((shape[0] * shape[1] * shape[2]) / 4);
      expect(errorOfMean).toBeGreaterThan(0);
      const manifold = openManifold(native, trained);
      const samples = await squares(shape).read([0, 1]);
      const reconstructed = await manifold.reconstruct(samples);
      expect(reconstructed.shape).toEqual(shape);
      expect(reconstructed.values.every(value => value >= 0 && value <= 1)).toBe(true);
      manifold.dispose();
    },
  );

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
  test('straight through the squeeze, its gradient is the true one where nothing is clipped', async () => {
    const grey = (lower: number, upper: number): UnlabelledData => ({
      count: 200,
      shape: [8, 8, 1],
      fingerprint: `grey ${lower} ${upper}`,
      read: indices => {
        const random = new Random(6, ['grey', ...indices]);
        const values = Float32Array.from({ length: 64 * indices.length }, () =>
          random.uniform(lower, upper),
        );
        return Promise.resolve(new Batch(values, [8, 8, 1]));
      },
    });
    const middle = grey(0.35, 0.65);
    const trained = await learnManifold(
      options('squeezed', {
        data: middle,
        bounds: { lower: 0, upper: 1 },
        settings: { steps: 20, width: 0.25, inverterInput: 'noise-and-squeeze' },
      }),
    );
    if (trained === undefined) return expect.fail('not trained');
    const manifold = openManifold(wasm, trained);
    const random = new Random(7, ['cotangents']);
    const cotangents = new Batch(
      Float32Array.from({ length: 128 }, () => random.normal()),
      [8, 8, 1],
    );
    const both = async (inputs: Batch): Promise<[Float32Array, Float32Array]> => [
      (await manifold.pullBackReconstruct(inputs, cotangents)).gradient.values,
      (await manifold.pullBackStraightThrough(inputs, cotangents)).gradient.values,
    ];
    const [exact, straight] = await both(await middle.read([0, 1]));
    const scale = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(scale).toBeGreaterThan(0);
    exact.forEach((value, i) => expect((value - (straight[i] ?? NaN)) / scale).toBeCloseTo(0, 4));
    const [hidden, shown] = await both(await grey(0, 0.25).read([0, 1]));
    expect(hidden.every(value => value === 0)).toBe(true);
    expect(shown.some(value => value !== 0)).toBe(true);
    manifold.dispose();
  });

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
