import type { Attack, Norm } from './attack.ts';
import { projectedAscent } from './projected-ascent.ts';
import { requireAtLeast, requireCount, requirePositive } from './setting-ranges.ts';
import { keepingAttempts, runVerified } from './verification.ts';

/** Settings of projected gradient descent. */
export interface PgdSettings {
  readonly attack: 'pgd';
  readonly norm: Norm;
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
  /** Number of steps of one run. Default 40. */
  readonly steps?: number;
  /** Length of a step, in input units. Default ε / 10. */
  readonly stepSize?: number;
  /** How many runs, each from another random start. Default 1. */
  readonly restarts?: number;
}

/** Steps of Madry's evaluation of MNIST (mnist_challenge, config.json). */
const STEPS = 40;

/**
 * Longer than Madry's ε / 30: forty of those do not even cross the ball, so that an unlucky random
 * start decides about the result. With ε / 10 a path is twice as long as the ball is wide, and steps
 * are still well below the ε / 4 of torchattacks.
 */
const STEP_IN_RADII = 0.1;

/**
 * Projected gradient descent: the basic iterative method from a start drawn uniformly from the ball,
 * as often as wanted. A sample is done with its first success.
 *
 * Madry et al.: Towards deep learning models resistant to adversarial attacks (2018).
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function pgd(settings: PgdSettings): Attack {
  const { norm, epsilon, steps = STEPS, stepSize = STEP_IN_RADII * epsilon } = settings;
  const { restarts = 1 } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('steps', steps);
  requireCount('restarts', restarts);
  if (epsilon > 0) requirePositive('stepSize', stepSize);
  return {
    kind: 'fixed-budget',
    name: 'pgd',
    norm,
    settings: {
      norm,
      epsilon,
      steps,
      stepSize,
      restarts,
    },
    run: context =>
      runVerified(context, keepingAttempts, attacked =>
        projectedAscent(attacked, {
          norm,
          epsilon,
          stepSize,
          steps,
          start: 'random',
          restarts,
          momentum: 0,
        }),
      ),
  };
}
