import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type { FinalActivation } from './network.ts';

/**
 * How logits are made of what a network gives:
 *
 * - `logits`: they are it
 * - `binary-logit`: one number z for the second of two classes; logits (0, z)
 * - `probabilities`, also in per cent: logarithms of them
 * - `binary-probability`: one number p; logits (0, ln p − ln(1 − p))
 */
export type LogitForm = 'logits' | 'binary-logit' | 'probabilities' | 'binary-probability';

/** What a model answers: as logits can be had from it, or one sigmoid for each of several classes. */
export type AnswerForm = LogitForm | 'sigmoids';

/** Logarithms end here, above the smallest normal float32, so that they stay finite. */
const smallestProbability = 1.2e-38;

/**
 * Turns what a network gives into logits `[batch, classes]`.
 *
 * @param outputs `[batch, …]`, further axes are flattened
 */
export function logitsFrom(form: LogitForm, outputs: tf.Tensor): tf.Tensor2D {
  const flat = tf.reshape<tf.Rank.R2>(outputs, [outputs.shape[0], -1]);
  switch (form) {
    case 'logits':
      return flat;
    case 'binary-logit':
      return againstZero(flat);
    case 'probabilities':
      return logarithm(flat);
    case 'binary-probability':
      return againstZero(tf.sub(logarithm(flat), logarithm(tf.sub(1, flat))));
  }
}

function againstZero(logit: tf.Tensor2D): tf.Tensor2D {
  return tf.concat2d([tf.zerosLike(logit), logit], 1);
}

function logarithm(probabilities: tf.Tensor2D): tf.Tensor2D {
  return tf.log(tf.maximum(probabilities, smallestProbability));
}

/** Number of classes of a network that gives so many values. */
export function classCountOf(form: LogitForm, values: number): number {
  return form === 'binary-logit' || form === 'binary-probability' ? 2 : values;
}

/** The form of what stands before a softmax or sigmoid that was taken off. */
export function formBeforeActivation(values: number): LogitForm {
  return values === 1 ? 'binary-logit' : 'logits';
}

/** The form of the answers of a model whose softmax or sigmoid was taken off these logits. */
export function formOfAnswers(activation: string, logits: LogitForm): AnswerForm {
  if (logits === 'binary-logit') return 'binary-probability';
  return activation === 'sigmoid' ? 'sigmoids' : 'probabilities';
}

/**
 * Activations around zero, by their names in Keras and in graphs: one such value is on the side of the
 * second class where it is above 0, not above ½, also where random inputs all end above 0.
 */
const aroundZero = new Set(
  'linear tanh softsign elu selu leakyrelu leaky_relu prelu swish silu gelu mish'.split(' '),
);

/** The form of outputs whose end is no softmax or sigmoid, or one that cannot be taken off. */
export function formOfOutputs(ending: FinalActivation, outputs: Batch): LogitForm {
  if (outputs.sampleSize === 1) {
    const inUnitInterval = outputs.values.every(value => value >= 0 && value <= 1);
    return inUnitInterval && !aroundZero.has(ending.activation.toLowerCase())
      ? 'binary-probability'
      : 'binary-logit';
  }
  return areShares(outputs) ? 'probabilities' : 'logits';
}

/** Never negative, and with the sum 1 or 100: probabilities, be it in per cent. */
function areShares(outputs: Batch): boolean {
  const rows = Array.from({ length: outputs.count }, (_, sample) => outputs.row(sample));
  return [1, 100].some(whole =>
    rows.every(
      row =>
        row.every(value => value >= 0) &&
        Math.abs(row.reduce((sum, value) => sum + value, 0) / whole - 1) < 1e-3,
    ),
  );
}

/**
 * Whether a softmax or sigmoid of these logits is what the model answers: the proof that the right
 * activation was taken off. Float32 and half-precision weights leave 1e-3 at most.
 */
export function logitsExplain(activation: string, logits: Batch, answers: Batch): boolean {
  if (logits.values.length !== answers.values.length) return false;
  for (let sample = 0; sample < logits.count; sample++) {
    const expected = activate(activation, logits.row(sample));
    const answer = answers.row(sample);
    if (!expected.every((value, i) => Math.abs(value - (answer[i] as number)) < 1e-3)) return false;
  }
  return true;
}

function activate(activation: string, logits: Float32Array): Float64Array {
  if (activation === 'sigmoid') return Float64Array.from(logits, z => 1 / (1 + Math.exp(-z)));
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = Float64Array.from(logits, z => Math.exp(z - highest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map(value => value / sum);
}

/** Says in one sentence how the logits were found. */
export function describeLogits(form: LogitForm, ending: FinalActivation, found: boolean): string {
  const { activation, layer } = ending;
  if (found) {
    return form === 'binary-logit'
      ? `The input of the ${activation} at ${layer} is the logit of the second class; that of the first is 0.`
      : `The input of the ${activation} at ${layer}; the model's answers confirm it.`;
  }
  switch (form) {
    case 'logits':
      return activation === 'log_softmax'
        ? `The output itself: logarithms of probabilities, by the log_softmax at ${layer}.`
        : 'The output itself: its values do not sum to one, so they are taken as logits.';
    case 'binary-logit':
      return 'The single output is the logit of the second class; that of the first is 0.';
    case 'probabilities':
      return `Logarithms of the probabilities: what stands before them at ${layer} cannot be had.`;
    case 'binary-probability':
      return `Log-odds of the single probability: what stands before it at ${layer} cannot be had.`;
  }
}
