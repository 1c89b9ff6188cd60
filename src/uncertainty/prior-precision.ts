import { goldenSectionMinimum } from '../bracketing/golden-section.ts';
import type { LaplaceCurvature } from './laplace-curvature.ts';

/** A prior precision and how it was found. */
export interface PriorPrecision {
  readonly value: number;
  readonly source: 'given' | 'marginal-likelihood';
  /** The optimum lies at the end of the range searched. */
  readonly atBound: boolean;
}

const bounds = { lower: 1e-6, upper: 1e8 };

/**
 * The prior precision λ of greatest marginal likelihood, which the data prefers without labels being
 * touched again (MacKay 1992): it minimises ½ (ln det P − D ln λ + λ ‖W‖²). The derivative by ln λ is
 * ½ (λ ‖W‖² − effective parameters), which grows with λ, so there is one minimum.
 *
 * @param squaredWeights ‖W‖², weights and biases
 */
export function fitPriorPrecision(
  curvature: LaplaceCurvature,
  squaredWeights: number,
): PriorPrecision {
  const lower = Math.log(bounds.lower);
  const upper = Math.log(bounds.upper);
  const best = goldenSectionMinimum(
    logPrecision => -logEvidence(curvature, squaredWeights, Math.exp(logPrecision)),
    lower,
    upper,
  );
  return {
    value: Math.exp(best),
    source: 'marginal-likelihood',
    atBound: best - lower < 1e-3 || upper - best < 1e-3,
  };
}

/**
 * The logarithm of the marginal likelihood up to the likelihood of the data at W, which does not
 * depend on the prior: −½ (ln det P − D ln λ + λ ‖W‖²).
 */
export function logEvidence(
  curvature: LaplaceCurvature,
  squaredWeights: number,
  priorPrecision: number,
): number {
  return (
    -0.5 *
    (curvature.logDeterminant(priorPrecision) -
      curvature.parameterCount * Math.log(priorPrecision) +
      priorPrecision * squaredWeights)
  );
}
