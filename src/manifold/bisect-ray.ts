import { Batch } from '../arrays/batch.ts';
import type { NaturalContext } from './natural-adversary.ts';
import { answersOther } from './class-change.ts';

/** Halvings of the ray: 2⁻¹² of its length is below what matters. */
const halvings = 12;

/**
 * Moves hits along the straight way back to their starts as far as the answer stays changed, by
 * bisection. Exact where the boundary is flat; elsewhere a hit never gets worse.
 *
 * @param rows the hits that are real; the others are left alone
 * @returns new latent vectors; each of `rows` has cost 12 queries
 */
export async function bisectTowardsStart(
  starts: Batch,
  hits: Batch,
  rows: readonly number[],
  { classifier, manifold, labels }: NaturalContext,
): Promise<Batch> {
  const moved = hits.clone();
  if (rows.length === 0) return moved;
  const inside = new Float64Array(rows.length);
  const outside = new Float64Array(rows.length).fill(1);
  const trial = Batch.zeros(rows.length, starts.shape);
  for (let turn = 0; turn < halvings; turn++) {
    rows.forEach((row, i) => {
      const share = ((inside[i] as number) + (outside[i] as number)) / 2;
      interpolate(starts.row(row), hits.row(row), share, trial.row(i));
    });
    const logits = await classifier.logits(await manifold.decode(trial));
    rows.forEach((row, i) => {
      const share = ((inside[i] as number) + (outside[i] as number)) / 2;
      const changed = answersOther(logits.row(i), labels[row] as number);
      (changed ? outside : inside)[i] = share;
      if (changed) moved.row(row).set(trial.row(i));
    });
  }
  return moved;
}

/** Writes (1 − share)·from + share·to into `result`. */
export function interpolate(
  from: Float32Array,
  to: Float32Array,
  share: number,
  result: Float32Array,
): void {
  for (let i = 0; i < from.length; i++) {
    const start = from[i] as number;
    result[i] = start + share * ((to[i] as number) - start);
  }
}
