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
  /** Length of a step, in input units. Default ε / 10, with fewer than 40 steps 4ε / steps. */
  readonly stepSize?: number;
  /** How many runs, each from another random start. Default 1. */
  readonly restarts?: number;
}

/** Steps of Madry's evaluation of MNIST (mnist_challenge, config.json). */
const STEPS = 40;

/**
 * Length of a step, in radii. Longer than Madry's ε / 30: forty of those do not even cross the ball, so
 * that an unlucky random start decides about the result.
 */
const STEP_IN_RADII = 0.1;

/**
 * How long a whole path is at least, in radii: twice as long as the ball is wide. Few steps are longer,
 * since ten of ε / 10 do not leave the surroundings of their start.
 */
const PATH_IN_RADII = 4;

/**
 * Projected gradient descent: the basic iterative method from a start drawn uniformly from the ball,
 * as often as wanted. A sample is done with its first success.
 *
 * Madry et al.: Towards deep learning models resistant to adversarial attacks (2018).
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function pgd(settings: PgdSettings): Attack {
  const { norm, epsilon, steps = STEPS, restarts = 1 } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('steps', steps);
  const stepSize = settings.stepSize ?? Math.max(STEP_IN_RADII, PATH_IN_RADII / steps) * epsilon;
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
