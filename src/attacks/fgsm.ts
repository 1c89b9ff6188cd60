import type { Attack, AttackContext, Norm } from './attack.ts';
import { allRows } from './active-rows.ts';
import { displaceWithin } from './box.ts';
import { crossEntropyObjective, objectiveGradient } from './objective.ts';
import { requireAtLeast } from './setting-ranges.ts';
import { isUsableGradient, steepestAscent } from './steepest-ascent.ts';
import { type Findings, noFindings, keepingAttempts, runVerified } from './verification.ts';

/** Settings of the fast gradient sign method. */
export interface FgsmSettings {
  readonly attack: 'fgsm';
  readonly norm: Norm;
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
}

/**
 * Fast gradient sign method, and its versions for L2 and L1: one step of length ε in the direction
 * that raises the linearised loss most.
 *
 * Goodfellow, Shlens, Szegedy: Explaining and harnessing adversarial examples (2015).
 *
 *     x′ = clip(x + argmax_{‖η‖_p ≤ ε} ⟨η, ∇ₓ J(x, y)⟩),   J = logsumexp(z) − z_y
 *
 * Targeted, J of the target is lowered instead.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function fgsm({ norm, epsilon }: FgsmSettings): Attack {
  requireAtLeast('epsilon', epsilon, 0);
  return {
    kind: 'fixed-budget',
    name: 'fgsm',
    norm,
    settings: { norm, epsilon, loss: 'cross-entropy' },
    run: context =>
      runVerified(context, keepingAttempts, attacked => singleStep(attacked, norm, epsilon)),
  };
}

async function singleStep(context: AttackContext, norm: Norm, epsilon: number): Promise<Findings> {
  const { classifier, inputs, criterion, signal, onProgress } = context;
  const findings = noFindings(inputs);
  const rows = allRows(inputs.count);
  const objective = crossEntropyObjective(criterion, classifier.classCount);

  signal?.throwIfAborted();
  const { gradient } = await objectiveGradient(classifier, objective, inputs, rows);
  onProgress?.({ completed: 1, total: 1 });

  const step = new Float64Array(inputs.sampleSize);
  for (const row of rows) {
    findings.steps[row] = 1;
    if (!isUsableGradient(gradient.row(row))) {
      findings.gradientUnavailable[row] = 1;
      continue;
    }
    steepestAscent(gradient.row(row), norm, step);
    displaceWithin(
      classifier.bounds,
      inputs.row(row),
      step,
      objective.direction * epsilon,
      findings.candidates.row(row),
    );
  }
  return findings;
}
