import { bisect } from '../bracketing/bisection.ts';
import { UncertaintyError } from './uncertainty-error.ts';

/**
 * How well a score tells out-of-distribution inputs from in-distribution ones. Scores are higher the
 * further out an input is; an input is flagged when its score reaches the threshold. Every metric
 * looks at all thresholds, with ties as one threshold, so nothing depends on the order of samples.
 */
export interface DetectionScores {
  /** Scores of inputs from the distribution, for example a clean test set. At least one, no NaN. */
  readonly inDistribution: readonly number[] | Float64Array;
  /** Scores of inputs from outside, for example adversaries. At least one, no NaN. */
  readonly outOfDistribution: readonly number[] | Float64Array;
}

/** Which inputs count as the positive class: the choice changes a false-positive rate. */
export type PositiveClass = 'out-of-distribution' | 'in-distribution';

/** An estimate with a two-sided 95% interval. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Everything the report says of one score under one condition. */
export interface DetectionReport {
  readonly inDistributionCount: number;
  readonly outOfDistributionCount: number;
  /** Area under the ROC curve with its score interval. */
  readonly auroc: Interval;
  /** Area under precision and recall of the out-of-distribution class. */
  readonly averagePrecision: number;
  /** What {@link averagePrecision} is for a score that knows nothing. */
  readonly baseRate: number;
  /** False-positive rate where at least 95% of the out-of-distribution inputs are flagged. */
  readonly fprAt95TprOutPositive: number;
  /** Share of out-of-distribution inputs that pass where at least 95% of the others pass. */
  readonly fprAt95TprInPositive: number;
  /** Share of out-of-distribution inputs flagged while at most 1% of the others are. */
  readonly tprAt1Fpr: number;
  /** Share of out-of-distribution inputs flagged while at most 5% of the others are. */
  readonly tprAt5Fpr: number;
}

/** All metrics of {@link DetectionReport} at once. */
export function detectionReport(scores: DetectionScores): DetectionReport {
  const { inDistribution, outOfDistribution } = scores;
  return {
    inDistributionCount: inDistribution.length,
    outOfDistributionCount: outOfDistribution.length,
    auroc: aurocInterval(scores),
    averagePrecision: averagePrecision(scores),
    baseRate: outOfDistribution.length / (inDistribution.length + outOfDistribution.length),
    fprAt95TprOutPositive: fprAtTpr(scores, 0.95, 'out-of-distribution'),
    fprAt95TprInPositive: fprAtTpr(scores, 0.95, 'in-distribution'),
    tprAt1Fpr: tprAtFpr(scores, 0.01),
    tprAt5Fpr: tprAtFpr(scores, 0.05),
  };
}

/**
 * Area under the ROC curve: the chance that an out-of-distribution input scores higher than an
 * in-distribution one, a tie counting one half (the statistic of Mann and Whitney).
 */
export function auroc(scores: DetectionScores): number {
  let wins = 0;
  let positivesAbove = 0;
  for (const { positives, negatives } of rocSteps(scores, 'out-of-distribution')) {
    wins += negatives * (positivesAbove + positives / 2);
    positivesAbove += positives;
  }
  return wins / (scores.inDistribution.length * scores.outOfDistribution.length);
}

/** 0.975 quantile of the standard normal: two-sided 95%. */
const z = 1.959963984540054;

/**
 * {@link auroc} with its 95% score interval: all areas from which the estimate is at most 1.96 of their
 * own standard errors away. Unlike one standard error of the estimate to either side, it has a width
 * where a few samples are told apart without a mistake, and stays inside [0, 1].
 *
 * Newcombe: Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part 2
 * (2006), method 5: the variance of Hanley and McNeil with both sizes replaced by their mean.
 */
export function aurocInterval(scores: DetectionScores): Interval {
  const estimate = auroc(scores);
  const positives = scores.outOfDistribution.length;
  const negatives = scores.inDistribution.length;
  const middle = (positives + negatives) / 2;
  // Same product in the denominator, the mean of the sizes in the brackets.
  const scale = middle / Math.sqrt(positives * negatives);
  const isPlausible = (area: number): boolean =>
    Math.abs(estimate - area) <= z * scale * hanleyMcNeilStandardError(area, middle, middle);
  return {
    estimate,
    lower: bisect(isPlausible, estimate, 0),
    upper: bisect(isPlausible, estimate, 1),
  };
}

/**
 * Standard error of an area under the ROC curve (Hanley and McNeil 1982, "The meaning and use of the
 * area under a receiver operating characteristic curve", with Q₁ = A/(2−A) and Q₂ = 2A²/(1+A)).
 *
 * @param area in [0, 1]
 */
export function hanleyMcNeilStandardError(
  area: number,
  positiveCount: number,
  negativeCount: number,
): number {
  const q1 = area / (2 - area);
  const q2 = (2 * area * area) / (1 + area);
  const variance =
    area * (1 - area) +
    (positiveCount - 1) * (q1 - area * area) +
    (negativeCount - 1) * (q2 - area * area);
  return Math.sqrt(Math.max(0, variance) / (positiveCount * negativeCount));
}

/**
 * Area under the precision-recall curve as the step sum Σ (R_n − R_{n−1}) P_n, which does not
 * interpolate. A score that knows nothing reaches the base rate.
 */
export function averagePrecision(
  scores: DetectionScores,
  positiveClass: PositiveClass = 'out-of-distribution',
): number {
  return precisionRecallCurve(scores, positiveClass).reduce(
    (area, point, index, curve) =>
      area + (point.recall - (curve[index - 1]?.recall ?? 0)) * point.precision,
    0,
  );
}

/**
 * Area under the precision-recall curve by trapezoids from (recall 0, precision 1). Optimistic, since
 * precision is not linear between thresholds; here to compare with benchmarks that print it.
 */
export function trapezoidAupr(
  scores: DetectionScores,
  positiveClass: PositiveClass = 'out-of-distribution',
): number {
  let before: PrecisionRecall = { recall: 0, precision: 1 };
  let area = 0;
  for (const point of precisionRecallCurve(scores, positiveClass)) {
    area += ((point.recall - before.recall) * (point.precision + before.precision)) / 2;
    before = point;
  }
  return area;
}

/**
 * The lowest false-positive rate among all thresholds with a true-positive rate of at least `tpr`.
 *
 * @param positiveClass `out-of-distribution`: how many in-distribution inputs are flagged when that
 *   share of the outsiders is. `in-distribution`: how many outsiders pass when that share of the
 *   in-distribution inputs passes. The two differ; always print which.
 */
export function fprAtTpr(
  scores: DetectionScores,
  tpr: number,
  positiveClass: PositiveClass,
): number {
  const { positiveCount, negativeCount } = sizes(scores, positiveClass);
  let positives = 0;
  let negatives = 0;
  for (const step of rocSteps(scores, positiveClass)) {
    positives += step.positives;
    negatives += step.negatives;
    if (positives / positiveCount >= tpr) return negatives / negativeCount;
  }
  return 1;
}

/** The largest share of outsiders flagged by a threshold that flags at most `fpr` of the others. */
export function tprAtFpr(scores: DetectionScores, fpr: number): number {
  let positives = 0;
  let negatives = 0;
  for (const step of rocSteps(scores, 'out-of-distribution')) {
    if ((negatives + step.negatives) / scores.inDistribution.length > fpr) break;
    positives += step.positives;
    negatives += step.negatives;
  }
  return positives / scores.outOfDistribution.length;
}

interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
}

/** Precision and recall at every threshold, from the strictest to the loosest. */
function precisionRecallCurve(
  scores: DetectionScores,
  positiveClass: PositiveClass,
): PrecisionRecall[] {
  const { positiveCount } = sizes(scores, positiveClass);
  let positives = 0;
  let flagged = 0;
  return rocSteps(scores, positiveClass).map(step => {
    positives += step.positives;
    flagged += step.positives + step.negatives;
    return { precision: positives / flagged, recall: positives / positiveCount };
  });
}

/** How many inputs of each class share one score. */
interface RocStep {
  readonly positives: number;
  readonly negatives: number;
}

/** The distinct scores from the most positive to the least, with how many inputs have each. */
function rocSteps(scores: DetectionScores, positiveClass: PositiveClass): RocStep[] {
  const outIsPositive = positiveClass === 'out-of-distribution';
  const counts = new Map<number, { positives: number; negatives: number }>();
  const count = (values: Iterable<number>, kind: 'positives' | 'negatives'): void => {
    let any = false;
    for (const value of values) {
      if (Number.isNaN(value)) {
        throw new UncertaintyError(
          'uncertainty/not-finite',
          'A score is not a number, so it cannot be ranked.',
        );
      }
      any = true;
      // −0 and 0 are one key of a Map, as they must be.
      const atValue = counts.get(value) ?? { positives: 0, negatives: 0 };
      atValue[kind] += 1;
      counts.set(value, atValue);
    }
    if (!any) {
      throw new UncertaintyError(
        'uncertainty/too-few-samples',
        'Detection needs at least one input of each kind: in and out of distribution.',
      );
    }
  };
  count(scores.outOfDistribution, outIsPositive ? 'positives' : 'negatives');
  count(scores.inDistribution, outIsPositive ? 'negatives' : 'positives');
  const direction = outIsPositive ? -1 : 1;
  return [...counts].sort(([a], [b]) => direction * (a - b)).map(([, step]) => step);
}

function sizes(
  scores: DetectionScores,
  positiveClass: PositiveClass,
): { positiveCount: number; negativeCount: number } {
  const outCount = scores.outOfDistribution.length;
  const inCount = scores.inDistribution.length;
  return positiveClass === 'out-of-distribution'
    ? { positiveCount: outCount, negativeCount: inCount }
    : { positiveCount: inCount, negativeCount: outCount };
}
