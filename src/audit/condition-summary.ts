import { attackNorm } from '../attacks/attack-names.ts';
import type { Condition, UncertaintySummary } from '../report/audit-report.ts';
import { confusionOf } from '../report/confusion.ts';
import { mean, median, proportion } from '../report/statistics.ts';
import type { ConditionResults } from './condition-results.ts';
import type { PosteriorRecord } from './subject.ts';

/** What the figures of a condition are set against. */
export interface SummaryContext {
  readonly posterior: PosteriorRecord;
  /** Passes of the posterior for each sample. */
  readonly passes: number;
  /** The separate clean set, to which relative figures refer; undefined while it has no samples. */
  readonly baseline: ConditionResults | undefined;
}

/** A condition as the report has it, of the samples that are finished. */
export function summariseCondition(results: ConditionResults, context: SummaryContext): Condition {
  const { id, kind, label, indices } = results.plan;
  const isAnswered = results.finished > 0 && kind !== 'out-of-distribution';
  return {
    id,
    kind,
    label,
    state: results.state,
    finished: results.finished,
    total: indices.length,
    accuracy: isAnswered ? results.accuracy() : null,
    ...attackSummary(results),
    ...(isAnswered ? { confusion: confusionOf(results.answers()) } : {}),
    uncertainty: uncertaintySummary(results, context),
    seconds: results.seconds,
    ...(results.error === undefined ? {} : { error: results.error }),
  };
}

function attackSummary(
  results: ConditionResults,
): Pick<Condition, 'attackSuccess' | 'outcomes' | 'distance' | 'survival'> {
  const { attack, kind } = results.plan;
  if (attack === undefined && kind !== 'natural') return {};
  const outcomes = results.outcomeCounts();
  const notTried =
    (outcomes['already-wrong'] ?? 0) +
    (outcomes['not-run'] ?? 0) +
    (outcomes['reconstruction-misclassified'] ?? 0);
  const rounded = results.survivals();
  const distances = results.distances();
  const middle = median(distances);
  return {
    ...(rounded.length === 0
      ? {}
      : { survival: proportion(rounded.filter(survives => survives).length, rounded.length) }),
    outcomes,
    attackSuccess: proportion(outcomes.succeeded ?? 0, results.finished - notTried),
    ...(middle === undefined || attack === undefined
      ? {}
      : {
          distance: {
            norm: attackNorm(attack.settings),
            median: Number.isFinite(middle) ? middle : null,
            meanOfSuccesses: mean(distances.filter(Number.isFinite)) ?? null,
          },
        }),
  };
}

function uncertaintySummary(
  { plan, scores, labels }: ConditionResults,
  { posterior, passes, baseline }: SummaryContext,
): UncertaintySummary | null {
  if (!posterior.applicable) return { ...posterior };
  const mutualInformation = scores.mean('mutual-information');
  const softmaxVariance = scores.mean('softmax-variance');
  if (mutualInformation === undefined || softmaxVariance === undefined) return null;
  const { method, description } = posterior;
  const relativeTo = (value: number, reference: number | undefined): number | null =>
    reference === undefined || reference === 0 ? null : value / reference;
  return {
    applicable: true,
    method,
    description,
    passes,
    accuracy: plan.kind === 'out-of-distribution' ? proportion(0, 0) : scores.accuracy(labels),
    mutualInformation,
    softmaxVariance,
    relativeMutualInformation: relativeTo(
      mutualInformation,
      baseline?.scores.mean('mutual-information'),
    ),
    relativeSoftmaxVariance: relativeTo(softmaxVariance, baseline?.scores.mean('softmax-variance')),
  };
}
