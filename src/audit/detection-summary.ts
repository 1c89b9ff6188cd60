import type { Detection, DetectionRow, Separation } from '../report/detection-record.ts';
import { proportion } from '../report/statistics.ts';
import { detectionReport } from '../uncertainty/detection.ts';
import { realisedRate, type Threshold, thresholdAtRate } from '../uncertainty/threshold.ts';
import { calibrationOf } from './calibration-summary.ts';
import type { ConditionResults } from './condition-results.ts';
import { meanEstimate, ratioEstimate } from './mean-estimates.ts';
import type { DetectorRecord } from './piece.ts';
import { histogram, histogramEdges } from './score-histogram.ts';
import type { PosteriorRecord } from './subject.ts';

/** False-positive rates that thresholds are set by. */
const targetRates = [0.01, 0.05] as const;

/** What is the same for the whole audit. */
export interface DetectionBasis {
  readonly posterior: PosteriorRecord;
  readonly fit: { readonly count: number; readonly source: string };
}

/**
 * Sums up the scores of the finished conditions: how they are spread, and how well they tell each
 * condition from clean samples. What belongs to a finished condition is computed once.
 */
export class DetectionSummary {
  readonly #basis: DetectionBasis;
  readonly #separations = new Map<string, Separation | null>();

  constructor(basis: DetectionBasis) {
    this.#basis = basis;
  }

  /** @returns undefined while the clean samples have no scores */
  summarise(
    conditions: readonly ConditionResults[],
    detectors: DetectorRecord | undefined,
  ): Detection | undefined {
    const scored = conditions.filter(
      ({ state, scores }) => state === 'finished' && scores.isComplete,
    );
    const clean = scored.find(({ plan }) => plan.kind === 'clean');
    const baseline = scored.find(({ plan }) => plan.kind === 'baseline');
    if (clean === undefined) return undefined;
    const names = [...clean.scores.columns.keys()].filter(name =>
      columnOf(clean, name).every(Number.isFinite),
    );
    const sets: ScoredSets = { clean, baseline, conditions: scored };
    const edges = new Map(
      names.map(name => [name, histogramEdges(scored.map(results => columnOf(results, name)))]),
    );
    const thresholds = new Map(
      names.map(name => [name, baseline === undefined ? [] : thresholdsOf(baseline, name)]),
    );
    return {
      posterior: describePosterior(this.#basis.posterior, clean),
      splits: {
        fit: this.#basis.fit.count,
        fitSource: this.#basis.fit.source,
        threshold: baseline?.plan.indices.length ?? 0,
        ...(baseline === undefined ? { thresholdMissing: whyNoBaseline(conditions) } : {}),
        test: clean.plan.indices.length,
      },
      scores: describeScores(names, detectors),
      histogramEdges: Object.fromEntries(edges),
      thresholds: names.flatMap(name =>
        (thresholds.get(name) ?? []).map(({ value, targetRate, calibrationRate }) => {
          const { flagged, count } = realisedRate(value, columnOf(clean, name));
          const realised = proportion(flagged, count);
          return { score: name, value, targetRate, calibrationRate, realised };
        }),
      ),
      rows: names.flatMap(name =>
        this.#rows(sets, name, edges.get(name) ?? [], thresholds.get(name) ?? []),
      ),
      ...calibrationOf(clean, baseline),
    };
  }

  #rows(
    { clean, baseline, conditions }: ScoredSets,
    name: string,
    edges: readonly number[],
    thresholds: readonly Threshold[],
  ): DetectionRow[] {
    const reference = baseline === undefined ? undefined : columnOf(baseline, name);
    return conditions.flatMap(results =>
      subsetsOf(results, name).map(({ subset, values }): DetectionRow => {
        const { id, kind } = results.plan;
        const isClean = kind === 'clean' || kind === 'baseline';
        return {
          condition: id,
          score: name,
          subset,
          count: values.length,
          mean: meanEstimate(values),
          ratio: reference === undefined ? null : ratioEstimate(values, reference),
          histogram: histogram(values, edges),
          separation: isClean
            ? null
            : this.#separation(`${id} ${subset} ${name}`, columnOf(clean, name), values),
          flagged: thresholds.map(({ value }) =>
            proportion(realisedRate(value, values).flagged, values.length),
          ),
        };
      }),
    );
  }

  #separation(
    key: string,
    inDistribution: Float64Array,
    outOfDistribution: Float64Array,
  ): Separation | null {
    const known = this.#separations.get(key);
    if (known !== undefined) return known;
    const found = separate(inDistribution, outOfDistribution);
    this.#separations.set(key, found);
    return found;
  }
}

/** Finished conditions; thresholds are set on the baseline and everything is measured against clean. */
interface ScoredSets {
  readonly clean: ConditionResults;
  readonly baseline: ConditionResults | undefined;
  readonly conditions: readonly ConditionResults[];
}

function columnOf({ scores }: ConditionResults, name: string): Float64Array {
  return scores.columns.get(name) ?? new Float64Array();
}

function subsetsOf(
  results: ConditionResults,
  name: string,
): { subset: DetectionRow['subset']; values: Float64Array }[] {
  const all = columnOf(results, name);
  const fooled = results.succeeded();
  const subsets = [{ subset: 'all' as const, values: all }];
  // A column that is not finite for every sample, an attack gone astray, cannot be ranked.
  if (all.length === 0 || !all.every(Number.isFinite)) return [];
  if (fooled.length === 0 || fooled.length === all.length) return subsets;
  const values = Float64Array.from(fooled, position => all[position] as number);
  return [...subsets, { subset: 'succeeded', values }];
}

function separate(
  inDistribution: Float64Array,
  outOfDistribution: Float64Array,
): Separation | null {
  if (inDistribution.length === 0 || outOfDistribution.length === 0) return null;
  const {
    inDistributionCount: _,
    outOfDistributionCount: __,
    auroc,
    ...rest
  } = detectionReport({ inDistribution, outOfDistribution });
  return {
    ...rest,
    auroc: { value: auroc.estimate, lower: auroc.lower, upper: auroc.upper },
  };
}

function describePosterior(
  posterior: PosteriorRecord,
  clean: ConditionResults,
): Detection['posterior'] {
  if (!posterior.applicable) return { ...posterior };
  return {
    ...posterior,
    standardError: clean.scores.passError() ?? null,
    relativeBias: 1 / posterior.passes,
  };
}

function describeScores(
  names: readonly string[],
  detectors: DetectorRecord | undefined,
): Detection['scores'] {
  const settings = new Map(detectors?.scores.map(score => [score.name, score.settings]));
  return [
    ...names.map(name => ({ name, settings: { ...settings.get(name) } })),
    ...(detectors?.missing ?? []).map(({ name, reason }) => ({
      name,
      settings: {},
      missing: reason,
    })),
  ];
}

function thresholdsOf(baseline: ConditionResults, name: string): Threshold[] {
  const scores = columnOf(baseline, name);
  return scores.every(Number.isFinite)
    ? targetRates.map(rate => thresholdAtRate(scores, rate))
    : [];
}

/** Why nothing could be set on the separate clean set, and what to do. */
function whyNoBaseline(conditions: readonly ConditionResults[]): string {
  return conditions.some(({ plan }) => plan.kind === 'baseline')
    ? 'The separate clean set has no scores yet.'
    : 'There is no separate clean set, since every sample of the data is audited: audit half of them ("samples"), or give more data.';
}
