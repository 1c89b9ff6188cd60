import { afterAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { SavedModel } from '../../src/model/saved-model.ts';
import type { Posterior } from '../../src/uncertainty/posterior.ts';
import { openStochasticModel } from '../../src/uncertainty/stochastic-model.ts';
import { node, placeholder, savedGraph } from './small-graphs.ts';
import { bounds, mean, someInputs, someValues, variance } from './small-networks.ts';

const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

const w1 = someValues(12, 'w1');
const w2 = someValues(8, 'w2');
const weights = [
  { name: 'w1', shape: [3, 4], values: w1 },
  { name: 'w2', shape: [4, 2], values: w2 },
  { name: 'rate', shape: [], values: [0.25] },
  { name: 'scale', shape: [], values: [1 / 0.75] },
  { name: 'deviation', shape: [], values: [0.3] },
  { name: 'w2shape', shape: [2], values: [4, 2], dtype: 'int32' as const },
];

const hidden = [placeholder(3), node('m1', 'MatMul', ['x', 'w1']), node('h', 'Tanh', ['m1'])];

/** Dropout as Keras writes it when it was saved turned on. */
const dropoutGraph = [
  ...hidden,
  node('shape', 'Shape', ['h']),
  node('random', 'RandomUniform', ['shape'], { dtype: { type: 'DT_FLOAT' } }),
  node('keep', 'GreaterEqual', ['random', 'rate']),
  node('mask', 'Cast', ['keep'], { SrcT: { type: 'DT_BOOL' }, DstT: { type: 'DT_FLOAT' } }),
  node('scaled', 'Mul', ['h', 'scale']),
  node('dropped', 'Mul', ['scaled', 'mask']),
  node('z', 'MatMul', ['dropped', 'w2']),
];

/** Weights drawn anew for every pass, as in a Bayesian layer. */
const weightNoiseGraph = [
  ...hidden,
  node('random', 'RandomStandardNormal', ['w2shape'], { dtype: { type: 'DT_FLOAT' } }),
  node('noise', 'Mul', ['random', 'deviation']),
  node('w2drawn', 'AddV2', ['w2', 'noise']),
  node('z', 'MatMul', ['h', 'w2drawn']),
];

async function openPosterior(model: SavedModel): Promise<Posterior> {
  const posterior = await openStochasticModel(engine, model, { bounds });
  if (!posterior.applicable) throw new Error(posterior.reason);
  return posterior;
}

const inputs = someInputs(3, [3]);

/** tanh(x W₁) of a sample, in float64. */
function hiddenUnits(sample: number): number[] {
  return [0, 1, 2, 3].map(j =>
    Math.tanh(
      [0, 1, 2].reduce(
        (sum, i) => sum + (inputs.row(sample)[i] ?? NaN) * (w1[i * 4 + j] ?? NaN),
        0,
      ),
    ),
  );
}

async function drawnLogits(posterior: Posterior, passes: number): Promise<number[][][]> {
  const draws: number[][][] = [[], [], []];
  await posterior.draw(inputs, { passes, seed: 1, sampleIndices: [0, 1, 2] }, (sample, logits) => {
    for (let start = 0; start < logits.length; start += 2) {
      draws[sample]?.push([...logits.subarray(start, start + 2)]);
    }
  });
  return draws;
}

describe.each([
  [
    'dropout that was left on',
    dropoutGraph,
    (h: number, w: number) => (0.25 / 0.75) * (h * w) ** 2,
  ],
  ['drawn weights', weightNoiseGraph, (h: number) => 0.09 * h * h],
] as const)('a graph with %s', (name, graph, unitVariance) => {
  const passes = 1500;

  test('answers with the mean and variance of the closed form', async () => {
    const posterior = await openPosterior(await savedGraph(graph, weights));
    const draws = await drawnLogits(posterior, passes);
    draws.forEach((ofSample, sample) => {
      const units = hiddenUnits(sample);
      for (const k of [0, 1]) {
        const logits = ofSample.map(pass => pass[k] ?? NaN);
        const w = units.map((_, j) => w2[j * 2 + k] ?? NaN);
        const expectedMean = units.reduce((sum, h, j) => sum + h * (w[j] ?? NaN), 0);
        const expected = units.reduce((sum, h, j) => sum + unitVariance(h, w[j] ?? NaN), 0);
        expect(logits).toHaveLength(passes);
        expect(Math.abs(mean(logits) - expectedMean)).toBeLessThan(
          4 * Math.sqrt(expected / passes),
        );
        expect(Math.abs(variance(logits) / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / passes));
      }
    });
  });

  test('can be repeated, and its samples do not depend on the batch', async () => {
    const posterior = await openPosterior(await savedGraph(graph, weights));
    const options = { passes: 10, seed: 3, sampleIndices: [0, 1, 2] };
    const first = await posterior.score(inputs, options);
    expect(await posterior.score(inputs, options)).toEqual(first);
    const alone = await posterior.score(inputs.gather([2]), { ...options, sampleIndices: [2] });
    expect(alone.mutualInformation[0]).toBeCloseTo(first.mutualInformation[2] ?? NaN, 6);
  });

  test('says what it draws', async () => {
    const { description, method } = await openPosterior(await savedGraph(graph, weights));
    expect(method).toBe('stochastic-model');
    expect(description).toBe(
      name === 'drawn weights'
        ? 'Stochastic by itself: random (8 numbers for each pass).'
        : 'Stochastic by itself: random (4 numbers for each sample).',
    );
  });
});

describe('not applicable', () => {
  test('to a graph that draws nothing', async () => {
    const graph = await savedGraph([...hidden, node('z', 'MatMul', ['h', 'w2'])], weights);
    expect(await openStochasticModel(engine, graph, { bounds })).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('no random numbers') as string,
    });
  });
});
