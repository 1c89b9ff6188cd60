import { gramMatrix } from '../../linear-algebra/gram-matrix.ts';
import { addScaled, dot, type Matrix, squaredNorm } from '../../linear-algebra/matrix.ts';
import { symmetricEigen } from '../../linear-algebra/symmetric-eigen.ts';
import { logSumExp } from '../softmax.ts';
import { type FittingObservations, type OutlierScore, requireSamples } from './outlier-score.ts';

/** The last layer, z = φ W + b. */
export interface LinearHead {
  /** `[features, outputs]` */
  readonly weights: Matrix;
  readonly bias: Float64Array;
}

/**
 * Virtual-logit matching, "ViM" (Wang et al. 2022): α times the length of what the principal axes of
 * the features leave over, less the log-sum-exp of the logits. Features are seen from the point
 * where all logits vanish, and α makes that length as large as a maximum logit on clean data.
 *
 * @param dimension principal axes left out; 256, or half of the features where there are fewer than 512
 */
export function virtualLogit(
  clean: FittingObservations,
  head: LinearHead,
  dimension = Math.min(256, Math.floor(clean.features.sampleSize / 2)),
): OutlierScore {
  const { features, logits } = clean;
  requireSamples('virtual logit', features.count, features.sampleSize + 1);
  const origin = vanishingPoint(head);
  const fromOrigin = (row: Float32Array): Float64Array => {
    const shifted = Float64Array.from(row);
    addScaled(shifted, -1, origin);
    return shifted;
  };
  const { vectors } = symmetricEigen(
    gramMatrix(features.count, features.sampleSize, i => fromOrigin(features.row(i))),
    dimension,
  );
  const residual = (row: Float32Array): number => {
    const left = fromOrigin(row);
    const coordinates = vectors.timesVector(left);
    coordinates.forEach((coordinate, i) => addScaled(left, -coordinate, vectors.row(i)));
    return Math.sqrt(squaredNorm(left));
  };
  let maximumLogits = 0;
  let residuals = 0;
  for (let i = 0; i < features.count; i++) {
    maximumLogits += Math.max(...logits.row(i));
    residuals += residual(features.row(i));
  }
  const alpha = residuals > 0 ? maximumLogits / residuals : 0;
  return {
    name: 'virtual logit',
    settings: { dimension, alpha, fittedOn: features.count },
    score: observed =>
      Float64Array.from(
        { length: observed.features.count },
        (_, i) => alpha * residual(observed.features.row(i)) - logSumExp(observed.logits.row(i)),
      ),
  };
}

/** The shortest u with u W + b = 0, or nearest to it: u = −W (Wᵀ W)⁺ b. */
function vanishingPoint({ weights, bias }: LinearHead): Float64Array {
  const { values, vectors } = symmetricEigen(weights.transpose().times(weights));
  const largest = values.at(-1) ?? 0;
  const solution = new Float64Array(bias.length);
  values.forEach((value, i) => {
    if (value <= 1e-12 * largest) return;
    addScaled(solution, -dot(vectors.row(i), bias) / value, vectors.row(i));
  });
  return weights.timesVector(solution);
}
