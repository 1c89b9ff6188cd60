import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import type { SavedModel } from '../../src/model/saved-model.ts';
import { openEnsemble } from '../../src/uncertainty/ensemble.ts';
import { evasionLoss, evasiveClassifier } from '../../src/uncertainty/evasion.ts';
import { lastLayerLaplace } from '../../src/uncertainty/last-layer-laplace.ts';
import { monteCarloDropout } from '../../src/uncertainty/mc-dropout.ts';
import type { NotApplicable, Posterior } from '../../src/uncertainty/posterior.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import { node, placeholder, savedGraph } from './small-graphs.ts';
import { bounds, type Layer, saved, sequence, someInputs, someValues } from './small-networks.ts';

const { layers } = tfl;
const engine = await openEngine({ name: 'cpu' });

afterAll(() => engine.dispose());

const [passes, classCount] = [6, 3];
const oneHot = Float32Array.of(0, 1, 0);

/** Mutual information and mean cross-entropy of stacked logits, by the float64 code and by hand. */
function expectedTerms(stacked: readonly number[]): { mi: number; loss: number } {
  const accumulator = new PredictionAccumulator(1, classCount);
  let loss = 0;
  for (let pass = 0; pass < passes; pass++) {
    const logits = stacked.slice(pass * classCount, (pass + 1) * classCount);
    accumulator.add(0, logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    loss += (Math.log(total) - (logits[1] ?? NaN)) / passes;
  }
  return { mi: accumulator.finish().mutualInformation[0] ?? NaN, loss };
}

test.each([
  [1, 0],
  [1, 2.5],
  [-1, 2.5],
] as const)(
  'the loss is the expected loss and λ·MI, direction %d, weight %d',
  (direction, weight) => {
    const stacked = someValues(passes * classCount, 'stacked', 2);
    const loss = evasionLoss(crossEntropy, classCount, { passes, weight, direction });
    const [value] = tf.tidy(() =>
      loss.perSample(tf.tensor2d([stacked]), [tf.tensor2d([...oneHot], [1, 3])]).arraySync(),
    );
    const { mi, loss: mean } = expectedTerms(stacked);
    expect(value).toBeCloseTo(mean - direction * weight * mi, 5);
  },
);

test('logits that leave a class without probability have a finite loss and gradient', () => {
  const stacked = Array.from({ length: passes }, () => [0, 300, -300]).flat();
  const loss = evasionLoss(crossEntropy, classCount, { passes, weight: 1, direction: 1 });
  const gradient = tf.tidy(() =>
    tf
      .grad(z => loss.perSample(z as tf.Tensor2D, [tf.tensor2d([...oneHot], [1, 3])]))(
        tf.tensor2d([stacked]),
      )
      .dataSync(),
  );
  expect(gradient.every(Number.isFinite)).toBe(true);
});

/** A way to make a network Bayesian, with the number of passes that an adversary looks at. */
interface Case {
  readonly name: string;
  readonly passes: number;
  readonly open: () => Promise<{ model: SavedModel; posterior: Posterior | NotApplicable }>;
}

const calibration = someInputs(40, [4], 'calibration');

const cases: readonly Case[] = [
  {
    name: 'dropout',
    passes,
    open: async () => {
      const model = await saved(network(layers.dropout({ rate: 0.5 })));
      return { model, posterior: await monteCarloDropout(engine, model, { bounds }) };
    },
  },
  {
    name: 'a Laplace posterior of layers',
    passes: 20,
    open: async () => {
      const model = await saved(network());
      return { model, posterior: await laplace(model) };
    },
  },
  {
    name: 'a Laplace posterior of a graph',
    passes: 20,
    open: async () => {
      const model = await savedGraph(
        [
          placeholder(4),
          node('m1', 'MatMul', ['x', 'w1']),
          node('a1', 'BiasAdd', ['m1', 'b1']),
          node('t1', 'Tanh', ['a1']),
          node('m2', 'MatMul', ['t1', 'w2']),
          node('a2', 'BiasAdd', ['m2', 'b2']),
          node('p', 'Softmax', ['a2']),
        ],
        [
          { name: 'w1', shape: [4, 8], values: someValues(32, 'w1', 0.7) },
          { name: 'b1', shape: [8], values: someValues(8, 'b1', 0.7) },
          { name: 'w2', shape: [8, classCount], values: someValues(8 * classCount, 'w2', 0.7) },
          { name: 'b2', shape: [classCount], values: someValues(classCount, 'b2', 0.7) },
        ],
      );
      return { model, posterior: await laplace(model) };
    },
  },
  {
    name: 'an ensemble',
    passes: 3,
    open: async () => {
      const members = await Promise.all([6, 8, 10].map(units => saved(network(undefined, units))));
      const [model] = members as [SavedModel];
      return { model, posterior: await openEnsemble(engine, members, { bounds }) };
    },
  },
];

function network(middle?: Layer, units = 8): tfl.LayersModel {
  return sequence(
    layers.dense({ units, activation: 'tanh', inputShape: [4] }),
    ...(middle === undefined ? [] : [middle]),
    layers.dense({ units: classCount, activation: 'softmax' }),
  );
}

function laplace(model: SavedModel): Promise<Posterior | NotApplicable> {
  return lastLayerLaplace(engine, model, { bounds, calibration, priorPrecision: 1 });
}

describe.each(cases)(
  'an adversary who also wants to go unnoticed by $name',
  ({ open, ...fixed }) => {
    const build = async (): Promise<{ classifier: Classifier; posterior: Posterior }> => {
      const { model, posterior } = await open();
      if (!posterior.applicable) throw new Error(posterior.reason);
      const { classifier } = await openClassifier(engine, model, { bounds });
      return { classifier, posterior };
    };
    const options = { passes: fixed.passes, weight: 3, direction: 1, seed: 1 } as const;
    const inputs = someInputs(5, [4]);
    const oneHots = Float32Array.from({ length: 15 }, (_, i) => (i % 3 === 1 ? 1 : 0));

    test('sees the gradient that finite differences show', async () => {
      const { classifier, posterior } = await build();
      const evasive = evasiveClassifier(engine, classifier, posterior, options);
      const { gradient } = await evasive.lossGradient(crossEntropy, inputs, [oneHots]);
      const lossAt = async (values: Float32Array): Promise<Float32Array> =>
        (await evasive.lossGradient(crossEntropy, new Batch(values, [4]), [oneHots])).losses;
      const step = 1e-2;
      for (let feature = 0; feature < 4; feature++) {
        const moved = (by: number): Float32Array =>
          inputs.values.map((value, i) => (i % 4 === feature ? value + by : value));
        const [above, below] = [await lossAt(moved(step)), await lossAt(moved(-step))];
        above.forEach((value, sample) => {
          const slope = (value - (below[sample] ?? NaN)) / (2 * step);
          expect(gradient.row(sample)[feature]).toBeCloseTo(slope, 2);
        });
      }
    });

    test('sees the passes that it holds fixed, whatever the rest of the batch', async () => {
      const { posterior } = await build();
      const run = (batch: Batch): Float32Array =>
        tf.tidy(() =>
          posterior
            .fixedPasses(
              options.passes,
              1,
            )(tf.tensor2d(batch.values, [batch.count, 4]))
            .dataSync<'float32'>(),
        );
      const width = options.passes * classCount;
      const whole = run(inputs);
      expect(whole).toHaveLength(5 * width);
      run(inputs.gather([2])).forEach((value, i) =>
        expect(value).toBeCloseTo(whole[2 * width + i] ?? NaN, 5),
      );
    });

    test('is judged by the model as it is', async () => {
      const { classifier, posterior } = await build();
      const evasive = evasiveClassifier(engine, classifier, posterior, options);
      const expected = await classifier.logits(inputs);
      expect(await evasive.logits(inputs)).toEqual(expected);
      const { logits } = await evasive.lossGradient(crossEntropy, inputs, [oneHots]);
      expect(logits).toEqual(expected);
    });

    test('finds inputs of lower mutual information than one who does not care', async () => {
      const { classifier, posterior } = await build();
      const climb = async (weight: number): Promise<number> => {
        const evasive = evasiveClassifier(engine, classifier, posterior, { ...options, weight });
        let point = inputs;
        for (let i = 0; i < 30; i++) {
          const { gradient } = await evasive.lossGradient(crossEntropy, point, [oneHots]);
          const values = point.values.map(
            (value, k) => value + 0.05 * Math.sign(gradient.values[k] ?? NaN),
          );
          point = new Batch(values, [4]);
        }
        // Scored with passes that the adversary has not seen, where there are others.
        const { mutualInformation } = await posterior.score(point, {
          passes: 400,
          seed: 99,
          sampleIndices: [0, 1, 2, 3, 4],
        });
        return mutualInformation.reduce((sum, value) => sum + value, 0) / 5;
      };
      expect(await climb(10)).toBeLessThan(0.9 * (await climb(0)));
    });
  },
);

test('an ensemble has no other passes than its members', async () => {
  const posterior = await openEnsemble(
    engine,
    [await saved(network()), await saved(network(undefined, 6))],
    { bounds },
  );
  if (!posterior.applicable) throw new Error(posterior.reason);
  expect(() => posterior.fixedPasses(3, 1)).toThrow(RangeError);
});
