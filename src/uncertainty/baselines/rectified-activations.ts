import { energyOf } from './energy.ts';
import {
  forEachRow,
  type FittingObservations,
  type OutlierScore,
  requireSamples,
} from './outlier-score.ts';

/**
 * Energy with features cut off at a percentile of clean ones, "ReAct" (Sun, Guo and Li 2021).
 *
 * @param logitsOf what the last layer makes of features
 * @param percentile in [0, 100]
 */
export function rectifiedActivations(
  { features }: FittingObservations,
  logitsOf: (features: Float32Array) => Float64Array,
  percentile = 90,
): OutlierScore {
  requireSamples('rectified activations', features.count, 1);
  const sorted = features.values.slice().sort();
  const position = Math.round((percentile / 100) * (sorted.length - 1));
  const limit = sorted[position] as number;
  return {
    name: 'rectified activations',
    settings: { percentile, limit },
    score: observed =>
      forEachRow(observed.features, row =>
        energyOf(logitsOf(row.map(value => Math.min(value, limit)))),
      ),
  };
}
