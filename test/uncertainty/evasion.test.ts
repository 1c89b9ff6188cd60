import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { evasionLoss, evasiveClassifier } from '../../src/uncertainty/evasion.ts';
import { type McDropout, monteCarloDropout } from '../../src/uncertainty/mc-dropout.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import { bounds, saved, sequence, someInputs, someValues } from './small-networks.ts';

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

describe('an adversary who also wants to go unnoticed', () => {
  const build = async (): Promise<{ classifier: Classifier; posterior: McDropout }> => {
    const file = await saved(
      sequence(
        layers.dense({ units: 8, activation: 'tanh', inputShape: [4] }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: classCount, activation: 'softmax' }),
      ),
    );
    const { classifier } = await openClassifier(engine, file, { bounds });
    const posterior = await monteCarloDropout(engine, file, { bounds });
    if (!posterior.applicable) throw new Error(posterior.reason);
    return { classifier, posterior };
  };
  const options = { passes, weight: 3, direction: 1, seed: 1 } as const;
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
      // Scored with masks that the adversary has not seen.
      const { mutualInformation } = await posterior.score(point, {
        passes: 400,
        seed: 99,
        sampleIndices: [0, 1, 2, 3, 4],
      });
      return mutualInformation.reduce((sum, value) => sum + value, 0) / 5;
    };
    expect(await climb(10)).toBeLessThan(await climb(0));
  });
});
