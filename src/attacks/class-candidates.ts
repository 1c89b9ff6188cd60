import type { Batch } from '../arrays/batch.ts';
import { predictedClass } from '../model/answer.ts';
import { allRows } from './active-rows.ts';
import type { Criterion } from './attack.ts';
import { referenceClass } from './criterion.ts';

/**
 * The classes that an attack may aim at, for each sample: untargeted the `count` likeliest besides
 * the label, the likeliest first; targeted the target alone. The same number for all samples.
 *
 * @param logits of the clean samples, `[batch, classes]`
 */
export function candidateClasses(
  criterion: Criterion,
  logits: Batch,
  count: number,
): readonly Int32Array[] {
  return allRows(logits.count).map(row => {
    if (criterion.kind === 'classified-as') return Int32Array.of(referenceClass(criterion, row));
    const label = criterion.labels[row];
    const own = logits.row(row);
    return Int32Array.from(own, (_, k) => k)
      .filter(k => k !== label)
      .sort((a, b) => (own[b] as number) - (own[a] as number))
      .slice(0, count);
  });
}

/**
 * The class that a candidate has to beat at a point: untargeted the label; targeted whichever other
 * class is the likeliest there.
 *
 * @param logits at the point, `[classes]`
 */
export function rivalClass(criterion: Criterion, row: number, logits: Float32Array): number {
  if (criterion.kind === 'misclassified') return referenceClass(criterion, row);
  const target = referenceClass(criterion, row);
  return predictedClass(logits.map((logit, k) => (k === target ? -Infinity : logit)));
}

/** Weights that make z_candidate − z_rival of the logits, one row for each sample at `rows`. */
export function candidateMinusRival(
  rows: readonly number[],
  candidateOf: (row: number) => number,
  rivals: Int32Array,
  classCount: number,
): Float32Array {
  const weights = new Float32Array(rows.length * classCount);
  rows.forEach((row, position) => {
    weights[position * classCount + candidateOf(row)] = 1;
    weights[position * classCount + (rivals[row] as number)] = -1;
  });
  return weights;
}
