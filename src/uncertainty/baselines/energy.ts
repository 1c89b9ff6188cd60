import { type ClassValues, logSumExp } from '../softmax.ts';
import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** −T · ln Σ exp(z / T) of one sample. */
export function energyOf(logits: ClassValues, temperature = 1): number {
  return -temperature * logSumExp(Float64Array.from(logits, z => z / temperature));
}

/** Free energy (Liu et al. 2020, "Energy-based out-of-distribution detection"). */
export function energy(temperature = 1): OutlierScore {
  return {
    name: 'energy',
    settings: { temperature },
    score: ({ logits }) => forEachRow(logits, row => energyOf(row, temperature)),
  };
}
