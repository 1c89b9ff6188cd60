import type { SampleFilter, SampleOrder } from '../protocol/panel-protocol.ts';
import type {
  AuditReport,
  Outcome,
  SampleCondition,
  SampleRecord,
} from '../report/audit-report.ts';

/** Which part of the ordered and filtered samples is wanted. */
export interface SampleQuery {
  readonly order: SampleOrder;
  readonly filter: SampleFilter;
  readonly start: number;
  readonly count: number;
}

/** A part of the samples, and how many there are in all. */
export interface SamplePage {
  readonly start: number;
  readonly total: number;
  readonly samples: readonly SampleRecord[];
}

type Part = Pick<AuditReport, 'samples' | 'conditions'>;

/**
 * Filters, orders and cuts out the samples that the panel shows. Samples without the value that
 * they are ordered by come last in either direction; equal ones in the order of the data set.
 */
export function querySamples(
  report: Part,
  { order, filter, start, count }: SampleQuery,
): SamplePage {
  // Samples of another kind are not in the list: they are in the arrays of their condition.
  const isListed = !report.conditions.some(
    ({ id, kind }) => id === filter.condition && kind === 'out-of-distribution',
  );
  const matching = report.samples.filter(sample => isListed && passes(sample, filter));
  const keyOf = sortKey(order, report.conditions);
  const direction = order.descending ? -1 : 1;
  const ordered = matching
    .map(sample => ({ sample, key: keyOf(sample) }))
    .sort((a, b) => compareKeys(a.key, b.key, direction) || a.sample.index - b.sample.index)
    .map(({ sample }) => sample);
  return { start, total: ordered.length, samples: ordered.slice(start, start + count) };
}

function passes(sample: SampleRecord, { condition, outcome, label, text }: SampleFilter): boolean {
  const role = condition === 'baseline' ? 'baseline' : 'sample';
  if (sample.role !== role) return false;
  if (label !== 'all' && sample.label !== label) return false;
  if (text !== '' && !sample.id.toLowerCase().includes(text.toLowerCase())) return false;
  return outcome === 'all' || shownOutcome(sample, sample.conditions[condition]) === outcome;
}

/** What became of a sample, as the filter names it; undefined for what it has no name for. */
function shownOutcome(
  { label }: SampleRecord,
  result: SampleCondition | undefined,
): SampleFilter['outcome'] | undefined {
  if (result === undefined) return undefined;
  switch (result.outcome) {
    case 'succeeded':
      return 'fooled';
    case 'failed':
      return 'resisted';
    case 'already-wrong':
      return 'already-wrong';
    case undefined:
      // Nobody attacked: the model is right or wrong by itself.
      return result.prediction === label ? 'resisted' : 'already-wrong';
    case 'reconstruction-misclassified':
    case 'gradient-unavailable':
    case 'not-run':
    case 'error':
      return undefined;
  }
}

function sortKey(
  { by, condition }: SampleOrder,
  conditions: AuditReport['conditions'],
): (sample: SampleRecord) => number | undefined {
  const of = (read: (result: SampleCondition) => number | undefined) => (sample: SampleRecord) => {
    const result = sample.conditions[condition];
    return result === undefined ? undefined : read(result);
  };
  switch (by) {
    case 'index':
      return sample => sample.index;
    case 'label':
      return sample => sample.label;
    case 'prediction':
    case 'confidence':
      return of(result => result[by]);
    case 'distance': {
      const norm = conditions.find(({ id }) => id === condition)?.distance?.norm ?? 'L2';
      return of(result => result.distance?.[norm]);
    }
    case 'outcome':
      return of(({ outcome }) => (outcome === undefined ? undefined : outcomeRank[outcome]));
    default: {
      const name = by.slice('score:'.length);
      return of(result => result.scores?.[name]);
    }
  }
}

/** From what worries most to what says least. */
const outcomeRank: Readonly<Record<Outcome, number>> = {
  succeeded: 0,
  'already-wrong': 1,
  failed: 2,
  'reconstruction-misclassified': 3,
  'gradient-unavailable': 4,
  error: 5,
  'not-run': 6,
};

function compareKeys(a: number | undefined, b: number | undefined, direction: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return direction * (a - b);
}
