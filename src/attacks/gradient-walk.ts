import { Batch } from '../arrays/batch.ts';
import { gatherInto } from './active-rows.ts';
import type { AttackContext, Criterion } from './attack.ts';
import { isSafelyMet } from './criterion.ts';
import { objectiveGradient, type Objective } from './objective.ts';
import { isUsableGradient } from './steepest-ascent.ts';
import type { Findings } from './verification.ts';

/** What the model says at the present point of one sample. */
export interface PointEvaluation {
  /** `[classes]` */
  readonly logits: Float32Array;
  /** The objective: what is to be raised. */
  readonly value: number;
  /** Gradient of the objective by the point. Uphill is towards success, targeted or not. */
  readonly gradient: Float32Array;
}

/** An attack as a walk of one point a sample, each guided by the gradient of an objective. */
export interface GradientWalk {
  readonly objective: Objective;
  readonly steps: number;
  /** The present point of each sample. {@link move} writes to it. */
  readonly points: Batch;
  /** Where steps are counted, and unusable gradients noted. */
  readonly findings: Findings;
  /** Is shown every point on the way, the last one too. Says whether the sample goes on. */
  look(row: number, logits: Float32Array): boolean;
  /**
   * Makes step number `step` (from 1) of one sample. The gradient is finite and not all zeros.
   */
  move(row: number, step: number, evaluation: PointEvaluation): void;
  /** Is told after each step of the batch. */
  onStep?(step: number): void;
}

/**
 * Looks at points until one meets the criterion: that sample has succeeded, and leaves.
 *
 * @param succeeded takes the rows that have left
 */
export function leaveOnSuccess(
  criterion: Criterion,
  findings: Findings,
  succeeded: Set<number>,
): GradientWalk['look'] {
  return (row, logits) => {
    if (!isSafelyMet(criterion, row, logits)) return true;
    succeeded.add(row);
    findings.seenSuccess[row] = 1;
    return false;
  };
}

/**
 * Walks the samples at `rows`, all at once. A sample leaves when it has seen enough, or when its
 * gradient is of no use.
 */
export async function walkAlongGradients(
  context: AttackContext,
  rows: readonly number[],
  walk: GradientWalk,
): Promise<void> {
  const { classifier, inputs, signal } = context;
  const { objective, points, findings, steps } = walk;
  const gathered = Batch.zeros(rows.length, inputs.shape);

  let active = rows;
  for (let step = 1; step <= steps && active.length > 0; step++) {
    signal?.throwIfAborted();
    const { logits, losses, gradient } = await objectiveGradient(
      classifier,
      objective,
      gatherInto(gathered, points, active),
      active,
    );
    active = active.filter((row, position) => {
      findings.steps[row] = (findings.steps[row] as number) + 1;
      if (!walk.look(row, logits.row(position))) return false;
      const uphill = gradient.row(position);
      if (!isUsableGradient(uphill)) {
        findings.gradientUnavailable[row] = 1;
        return false;
      }
      if (objective.direction === -1) {
        for (let i = 0; i < uphill.length; i++) uphill[i] = -(uphill[i] as number);
      }
      const value = objective.direction * (losses[position] as number);
      walk.move(row, step, { logits: logits.row(position), value, gradient: uphill });
      return true;
    });
    walk.onStep?.(step);
  }
  if (active.length === 0) return;

  signal?.throwIfAborted();
  const logits = await classifier.logits(gatherInto(gathered, points, active));
  active.forEach((row, position) => walk.look(row, logits.row(position)));
}
