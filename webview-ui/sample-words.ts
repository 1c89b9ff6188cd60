import type { Outcome, SampleCondition } from '../src/report/audit-report.ts';
import { className, noAnswer } from '../src/report/prediction-record.ts';

/** What became of a sample, in a word or two. */
export const outcomeWords = {
  succeeded: 'fooled',
  failed: 'resisted',
  'already-wrong': 'already wrong',
  'reconstruction-misclassified': 'reconstruction wrong',
  'gradient-unavailable': 'no gradient',
  'not-run': 'not run',
  error: 'error',
} as const satisfies Record<Outcome, string>;

/** `7 (98.2%)`: an answer and how sure the model is of it. */
export function answer(
  condition: Pick<SampleCondition, 'prediction' | 'confidence'> | undefined,
  names: readonly string[],
): string {
  if (condition === undefined) return '…';
  if (condition.prediction === noAnswer) return className(noAnswer, names);
  return `${className(condition.prediction, names)} (${(100 * condition.confidence).toFixed(1)}%)`;
}
