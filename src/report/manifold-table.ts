import type { AuditReport } from './audit-report.ts';
import type { ConditionTable } from './condition-table.ts';
import type { CorrectionRecord } from './manifold-record.ts';
import { percent, percentWithInterval, scientific } from './wording.ts';

/** What tables are made from: the report, or the part of it that the panel has. */
type Reported = Pick<AuditReport, 'conditions' | 'manifold'>;

/**
 * Corrections: the manifold's and, beside them, those that cost nothing. A row for each correction of
 * each condition.
 */
export function correctionTable({ conditions, manifold }: Reported): ConditionTable | undefined {
  if (manifold?.trained !== true || manifold.corrections.length === 0) return undefined;
  const labels = new Map(conditions.map(({ id, label }) => [id, label]));
  return {
    header: ['correction', 'by', 'before', 'after (95%)', 'fixed', 'broken', 'p'],
    rows: manifold.corrections.map(row => [
      labels.get(row.condition) ?? row.condition,
      row.label,
      row.kind === 'adaptive' ? '' : percent(row.before.value),
      percentWithInterval(row.after),
      row.kind === 'adaptive' ? '' : String(row.fixed),
      row.kind === 'adaptive' ? '' : String(row.broken),
      row.kind === 'adaptive' ? '' : scientific(row.pValue),
    ]),
    remarks: remarksOn(manifold.corrections),
  };
}

/** Natural adversaries: what became of the samples, and how far they lie in the latent space. */
export function naturalTable({ conditions, manifold }: Reported): ConditionTable | undefined {
  if (manifold?.trained !== true || manifold.naturalAdversaries.length === 0) return undefined;
  return {
    header: [
      'natural adversaries',
      'succeeded',
      'failed',
      'reconstruction misclassified',
      'median Δz',
      'mean queries',
    ],
    rows: manifold.naturalAdversaries.map(
      ({ condition: id, medianLatentDistance, meanQueries }) => {
        const condition = conditions.find(one => one.id === id);
        const count = (outcome: 'succeeded' | 'failed' | 'reconstruction-misclassified'): string =>
          String(condition?.outcomes?.[outcome] ?? 0);
        return [
          condition?.label ?? id,
          count('succeeded'),
          count('failed'),
          count('reconstruction-misclassified'),
          medianLatentDistance === null ? '' : medianLatentDistance.toPrecision(3),
          meanQueries === null ? '' : meanQueries.toFixed(0),
        ];
      },
    ),
    remarks: [
      'A natural adversary may truly be another class: look at it before you call it an error.',
    ],
  };
}

function remarksOn(corrections: readonly CorrectionRecord[]): string[] {
  const isAdaptive = corrections.some(({ kind }) => kind === 'adaptive');
  return [
    'The adversary does not know of the correction, but for the rows that say so.',
    ...(isAdaptive
      ? ['A correction that falls to the adversary who knows of it is no defence.']
      : []),
  ];
}
