import type { Attack, Norm } from './attack.ts';
import { projectedAscent } from './projected-ascent.ts';
import { requireAtLeast, requireCount, requirePositive } from './setting-ranges.ts';
import { keepingAttempts, runVerified } from './verification.ts';

/** Settings of the momentum iterative method. */
export interface MiFgsmSettings {
  readonly attack: 'mi-fgsm';
  readonly norm: Norm;
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
  /** Number of steps. Default 10. */
  readonly steps?: number;
  /** Length of a step, in input units. Default ε / 5. */
  readonly stepSize?: number;
  /** μ: part of the accumulated gradient that is kept from step to step. Default 1. */
  readonly momentum?: number;
}

/** Steps and momentum of the paper; length of a step in radii as Foolbox has it. */
const STEPS = 10;
const MOMENTUM = 1;
const STEP_IN_RADII = 0.2;

/**
 * Momentum iterative FGSM: steps follow a decaying sum of gradients, each at L1 length 1. Made for
 * adversaries that also fool other models.
 *
 * Dong et al.: Boosting adversarial attacks with momentum (2018).
 *
 *     g ← μ·g + ∇J(x) / ‖∇J(x)‖₁,   x ← P(x + α·sign(g))
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function miFgsm(settings: MiFgsmSettings): Attack {
  const { norm, epsilon, steps = STEPS, stepSize = STEP_IN_RADII * epsilon } = settings;
  const { momentum = MOMENTUM } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('steps', steps);
  requireAtLeast('momentum', momentum, 0);
  if (epsilon > 0) requirePositive('stepSize', stepSize);
  return {
    kind: 'fixed-budget',
    name: 'mi-fgsm',
    norm,
    settings: {
      norm,
      epsilon,
      steps,
      stepSize,
      momentum,
    },
    run: context =>
      runVerified(context, keepingAttempts, attacked =>
        projectedAscent(attacked, {
          norm,
          epsilon,
          stepSize,
          steps,
          start: 'clean',
          restarts: 1,
          momentum,
        }),
      ),
  };
}
