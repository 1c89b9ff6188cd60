import { join } from 'node:path';
import { openSamples } from '../../src/data/open-samples.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { calibrationReport } from '../../src/uncertainty/calibration.ts';
import { lastLayerLaplace } from '../../src/uncertainty/last-layer-laplace.ts';
import { logProbabilities } from '../../src/uncertainty/softmax.ts';
import { Batch } from '../../src/arrays/batch.ts';

/**
 * What the size of the training set does to a last-layer Laplace posterior of the example model: how
 * well its mean prediction is calibrated on 1000 test digits, fitted on few and on many digits of
 * training, as they are and scaled to all of them. `tsx test/bench/laplace-scaling.ts` prints the
 * table of docs/methods.md; the numbers do not depend on the machine's speed.
 */

const example = join(import.meta.dirname, '../../examples/digits');
const bounds = { lower: 0, upper: 1 };
const trainingCount = 60_000;
const tested = 1000;
const passes = 100;

const engine = await openEngine({ name: 'auto' });
const model = await readSavedModel(join(example, 'models/digits-cnn/model.json'));

async function digits(name: 'train' | 't10k', count: number) {
  const source = {
    format: 'idx',
    inputs: join(example, `data/${name}-images-idx3-ubyte`),
    labels: join(example, `data/${name}-labels-idx1-ubyte`),
  } as const;
  const samples = await openSamples(source, { shape: [28, 28, 1], bounds: [0, 1], classCount: 10 });
  return samples.read(Array.from({ length: count }, (_, i) => i));
}

const { inputs, labels } = await digits('t10k', tested);
const sampleIndices = Array.from({ length: tested }, (_, i) => i);

function row(name: string, prior: string, logits: Batch, information: number) {
  const report = calibrationReport({ logits, labels });
  return {
    'fitted on': name,
    'prior precision': prior,
    ECE: report.expected.toPrecision(3),
    NLL: report.negativeLogLikelihood.toPrecision(3),
    Brier: report.brier.toPrecision(3),
    'mean MI': information.toPrecision(3),
  };
}

const { classifier } = await openClassifier(engine, model, { bounds });
const rows = [row('as saved', '', await classifier.logits(inputs), 0)];
for (const count of [100, 500, 1000, 5000, trainingCount]) {
  const { inputs: calibration } = await digits('train', count);
  for (const training of count === trainingCount ? [count] : [count, trainingCount]) {
    const posterior = await lastLayerLaplace(engine, model, {
      bounds,
      calibration,
      trainingCount: training,
    });
    if (!posterior.applicable) throw new Error(posterior.reason);
    const scores = await posterior.score(inputs, { passes, seed: 0, sampleIndices });
    const logits = new Batch(logProbabilities(scores.meanProbabilities), [10]);
    const information = scores.mutualInformation.reduce((a, b) => a + b, 0) / tested;
    const name = training === count ? `${count}` : `${count}, scaled to ${training}`;
    rows.push(row(name, posterior.priorPrecision.value.toPrecision(3), logits, information));
    posterior.dispose();
  }
}
console.table(rows);
process.exit(0);
