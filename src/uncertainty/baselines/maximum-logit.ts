import { forEachRow, type OutlierScore } from './outlier-score.ts';

/** −max z (Hendrycks et al. 2022, "Scaling out-of-distribution detection"). */
export const maximumLogit: OutlierScore = {
  name: 'maximum logit',
  settings: {},
  score: ({ logits }) => forEachRow(logits, row => -Math.max(...row)),
};
