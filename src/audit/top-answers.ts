import type { Batch } from '../arrays/batch.ts';
import { hasAnswer, predictedClass } from '../model/answer.ts';
import { noAnswer } from '../report/prediction-record.ts';

/** What a model answers, and how sure it is. */
export interface TopAnswer {
  /** Index of the largest logit, the lowest one of a tie; `noAnswer` where none is the largest. */
  readonly prediction: number;
  /** Its softmax probability; 0 without an answer. */
  readonly confidence: number;
}

export function topAnswer(logits: Float32Array): TopAnswer {
  if (!hasAnswer(logits)) return { prediction: noAnswer, confidence: 0 };
  const prediction = predictedClass(logits);
  const largest = logits[prediction] as number;
  if (largest === Infinity) return { prediction, confidence: 1 };
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { prediction, confidence: 1 / sum };
}

/** The same of every row. @param logits `[batch, classes]` */
export function topAnswers(logits: Batch): {
  readonly predictions: Int32Array;
  readonly confidences: Float64Array;
} {
  const answers = Array.from({ length: logits.count }, (_, row) => topAnswer(logits.row(row)));
  return {
    predictions: Int32Array.from(answers, ({ prediction }) => prediction),
    confidences: Float64Array.from(answers, ({ confidence }) => confidence),
  };
}
