import { Batch } from '../arrays/batch.ts';
import { latentPath } from '../manifold/latent-path.ts';
import type { Manifold } from '../manifold/manifold.ts';
import { randomLatents } from '../manifold/random-latents.ts';
import type { Classifier } from '../model/classifier.ts';
import type { AnsweredInputs, OutputOf } from './piece.ts';
import { topAnswers } from './top-answers.ts';

/** Samples of random latent vectors. */
const randomCount = 24;
/** Samples on a way, both ends included. */
export const wayLength = 11;
/** Most classes between which ways are drawn, and most bytes of all of them. */
const mostClasses = 10;
const mostBytes = 16 * 1024 ** 2;

/** Samples to draw ways between. */
export interface IllustrationContext {
  readonly inputs: Batch;
  readonly labels: Int32Array;
  /** Index of each in the data set. */
  readonly indices: readonly number[];
  readonly seed: number;
}

/**
 * What a manifold holds, with what the model says of it: samples of random latent vectors, and the
 * straight ways in the latent space between one sample of each class and one of each other.
 */
export async function illustrateManifold(
  manifold: Manifold,
  classifier: Classifier,
  { inputs, labels, indices, seed }: IllustrationContext,
): Promise<OutputOf<'illustrate'>> {
  const ask = async (batch: Batch): Promise<AnsweredInputs> => ({
    inputs: batch.values,
    ...topAnswers(await classifier.logits(batch)),
  });
  const random = await manifold.decode(randomLatents(manifold.latentSize, randomCount, seed));
  const { predictions } = await ask(await manifold.reconstruct(inputs));
  const rows = rowsOfClasses(labels, predictions, inputs.sampleSize);
  const pairs = rows.flatMap((from, i) => rows.slice(i + 1).map(to => [from, to] as const));
  const ways: Batch[] = [];
  for (const pair of pairs) {
    ways.push((await latentPath(manifold, inputs.gather(pair), wayLength)).samples);
  }
  return {
    kind: 'illustrate',
    random: await ask(random),
    ways: pairs.length === 0 ? nothing : await ask(Batch.concat(ways, inputs.shape)),
    ends: Int32Array.from(pairs.flat(), row => indices[row] as number),
  };
}

const nothing: AnsweredInputs = {
  inputs: new Float32Array(0),
  predictions: new Int32Array(0),
  confidences: new Float64Array(0),
};

/**
 * One row for each class, in the order of classes: the first whose reconstruction the model still
 * answers with its label, or else the first.
 */
function rowsOfClasses(labels: Int32Array, predictions: Int32Array, sampleSize: number): number[] {
  const chosen = new Map<number, number>();
  for (const keepsLabel of [true, false]) {
    for (const [row, label] of labels.entries()) {
      if (!chosen.has(label) && (!keepsLabel || predictions[row] === label)) chosen.set(label, row);
    }
  }
  const bytesOf = (classes: number): number =>
    ((classes * (classes - 1)) / 2) * wayLength * sampleSize * 4;
  let count = Math.min(mostClasses, chosen.size);
  while (count > 2 && bytesOf(count) > mostBytes) count--;
  return [...chosen]
    .toSorted(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, row]) => row);
}
