import type { Batch } from '../arrays/batch.ts';

/** What a model answers, and how sure it is. */
export interface TopAnswer {
  /** Index of the largest logit, the lowest one of a tie. */
  readonly prediction: number;
  /** Its softmax probability. */
  readonly confidence: number;
}

export function topAnswer(logits: Float32Array): TopAnswer {
  let prediction = 0;
  let largest = -Infinity;
  for (const [k, logit] of logits.entries()) {
    if (logit > largest) {
      largest = logit;
      prediction = k;
    }
  }
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
