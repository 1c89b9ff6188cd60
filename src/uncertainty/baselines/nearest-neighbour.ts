import { dot } from '../../linear-algebra/matrix.ts';
import {
  forEachRow,
  type FittingObservations,
  type OutlierScore,
  requireSamples,
} from './outlier-score.ts';

/**
 * Distance of the features, divided by their length, to the k-th nearest of clean ones (Sun et al.
 * 2022, "Out-of-distribution detection with deep nearest neighbors").
 */
export function nearestNeighbour({ features }: FittingObservations, neighbours = 50): OutlierScore {
  requireSamples('nearest neighbour', features.count, neighbours);
  const known = Array.from({ length: features.count }, (_, i) => normalised(features.row(i)));
  return {
    name: 'nearest neighbour',
    settings: { neighbours, fittedOn: features.count },
    score: observed =>
      forEachRow(observed.features, row => {
        const direction = normalised(row);
        const length = dot(direction, direction);
        const squares = Float64Array.from(
          known,
          other => length + dot(other, other) - 2 * dot(direction, other),
        ).sort();
        return Math.sqrt(Math.max(0, squares[neighbours - 1] as number));
      }),
  };
}

/** A vector of zeros stays one. */
function normalised(features: Float32Array): Float64Array {
  const length = Math.max(Math.sqrt(dot(features, features)), 1e-10);
  return Float64Array.from(features, value => value / length);
}
