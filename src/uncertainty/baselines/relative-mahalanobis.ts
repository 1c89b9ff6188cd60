import { GaussianDistance } from './gaussian-distance.ts';
import {
  forEachRow,
  type LabelledObservations,
  type OutlierScore,
  requireSamples,
} from './outlier-score.ts';

/**
 * The Mahalanobis distance to the nearest class less that to the data as a whole (Ren et al. 2021,
 * "A simple fix to Mahalanobis distance for improving near-OOD detection").
 */
export function relativeMahalanobis({ features, labels }: LabelledObservations): OutlierScore {
  requireSamples('relative Mahalanobis', features.count, features.sampleSize + 1);
  const ofClasses = new GaussianDistance(features, labels);
  const ofAll = new GaussianDistance(features, new Uint8Array(features.count));
  return {
    name: 'relative Mahalanobis',
    settings: { fittedOn: features.count },
    score: observed =>
      forEachRow(observed.features, row => ofClasses.nearest(row) - ofAll.nearest(row)),
  };
}
