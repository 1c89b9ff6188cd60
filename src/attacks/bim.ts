import type { Attack, Norm } from './attack.ts';
import { projectedAscent } from './projected-ascent.ts';
import { requireAtLeast, requireCount, requirePositive } from './setting-ranges.ts';
import { keepingAttempts, runVerified } from './verification.ts';

/** Settings of the basic iterative method. */
export interface BimSettings {
  readonly attack: 'bim';
  readonly norm: Norm;
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
  /** Number of steps. Default 10. */
  readonly steps?: number;
  /** Length of a step, in input units. Default ε / 5. */
  readonly stepSize?: number;
}

/** Steps, and their length in radii, of Foolbox's basic iterative attacks. */
const STEPS = 10;
const STEP_IN_RADII = 0.2;

/**
 * Basic iterative method: many small steps of FGSM from the clean input, each followed by the
 * projection onto ball and box. PGD without the random start.
 *
 * Kurakin, Goodfellow, Bengio: Adversarial examples in the physical world (2017).
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function bim(settings: BimSettings): Attack {
  const { norm, epsilon, steps = STEPS, stepSize = STEP_IN_RADII * epsilon } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('steps', steps);
  if (epsilon > 0) requirePositive('stepSize', stepSize);
  return {
    kind: 'fixed-budget',
    name: 'bim',
    norm,
    settings: { norm, epsilon, steps, stepSize },
    run: context =>
      runVerified(context, keepingAttempts, attacked =>
        projectedAscent(attacked, {
          norm,
          epsilon,
          stepSize,
          steps,
          start: 'clean',
          restarts: 1,
          momentum: 0,
        }),
      ),
  };
}
