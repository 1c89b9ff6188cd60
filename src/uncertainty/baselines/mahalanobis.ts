import { GaussianDistance } from './gaussian-distance.ts';
import {
  forEachRow,
  type LabelledObservations,
  type OutlierScore,
  requireSamples,
} from './outlier-score.ts';

/**
 * Squared distance of the features to the nearest class mean, under a covariance that the classes
 * share (Lee et al. 2018, "A simple unified framework for detecting out-of-distribution samples").
 */
export function mahalanobis({ features, labels }: LabelledObservations): OutlierScore {
  requireSamples('Mahalanobis', features.count, features.sampleSize + 1);
  const distance = new GaussianDistance(features, labels);
  return {
    name: 'Mahalanobis',
    settings: { fittedOn: features.count },
    score: observed => forEachRow(observed.features, row => distance.nearest(row)),
  };
}
