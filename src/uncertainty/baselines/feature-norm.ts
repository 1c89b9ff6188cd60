import { squaredNorm } from '../../linear-algebra/matrix.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** −‖φ‖: a network answers inputs that it knows with longer features. */
export const featureNorm: OutlierScore = {
  name: 'feature norm',
  settings: {},
  score: ({ features }) => forEachRow(features, row => -Math.sqrt(squaredNorm(row))),
};
