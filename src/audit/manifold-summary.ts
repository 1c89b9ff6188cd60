import type { ManifoldSection } from '../report/manifold-record.ts';
import { mean, median } from '../report/statistics.ts';
import type { ConditionResults } from './condition-results.ts';
import type { ManifoldState } from './subject.ts';

/** The report's section on the manifold: corrections and natural adversaries so far. */
export function summariseManifold(
  state: ManifoldState,
  conditions: readonly ConditionResults[],
): ManifoldSection {
  if (!state.trained) return { ...state };
  return {
    ...state,
    corrections: conditions.flatMap(results => results.corrections()),
    naturalAdversaries: conditions
      .filter(({ plan }) => plan.kind === 'natural')
      .map(results => ({
        condition: results.plan.id,
        medianLatentDistance: median(results.latentDistances()) ?? null,
        meanQueries: mean(results.steps()) ?? null,
      })),
  };
}
