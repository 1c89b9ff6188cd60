import { Batch } from '../arrays/batch.ts';
import type { Classifier } from './classifier.ts';

/**
 * A model that draws random numbers as one that does not: each sample is answered by itself, with the
 * same draws as every other. So two answers differ by their inputs alone, and the gradient of one draw
 * can be compared with the slope of that draw.
 *
 * The new classifier does not own the old one: disposing of it does nothing.
 *
 * @param restart begins the random numbers of the model anew, at the same ones each time
 */
export function withHeldDraws(classifier: Classifier, restart: () => void): Classifier {
  const { inputShape, classCount, bounds } = classifier;
  const alone = async <Answer>(
    inputs: Batch,
    ask: (sample: Batch, row: number) => Promise<Answer>,
  ): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (let row = 0; row < inputs.count; row++) {
      restart();
      answers.push(await ask(inputs.slice(row, row + 1), row));
    }
    return answers;
  };
  return {
    inputShape,
    classCount,
    bounds,
    logits: async inputs =>
      Batch.concat(await alone(inputs, sample => classifier.logits(sample)), [classCount]),
    lossGradient: async (loss, inputs, parameters) => {
      const answers = await alone(inputs, (sample, row) =>
        classifier.lossGradient(
          loss,
          sample,
          parameters.map(values => rowOf(values, row, inputs.count)),
        ),
      );
      return {
        logits: Batch.concat(
          answers.map(({ logits }) => logits),
          [classCount],
        ),
        losses: Float32Array.from(answers, ({ losses }) => losses[0] as number),
        gradient: Batch.concat(
          answers.map(({ gradient }) => gradient),
          inputs.shape,
        ),
      };
    },
    dispose: () => undefined,
  };
}

/** One sample's part of an array with the batch axis first. */
function rowOf(values: Float32Array, row: number, count: number): Float32Array {
  const size = values.length / count;
  return values.slice(row * size, (row + 1) * size);
}
