import type { AuditReport } from './audit-report.ts';
import type { ConditionTable } from './condition-table.ts';
import type { CorrectionRecord, MarkSummary } from './manifold-record.ts';
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
      'marked',
      'still look like their label (95%)',
    ],
    rows: manifold.naturalAdversaries.map(
      ({ condition: id, medianLatentDistance, meanQueries, marks }) => {
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
          marks === undefined ? '' : describeMarked(marks),
          marks === undefined || marks.keptLabel.total === 0
            ? ''
            : percentWithInterval(marks.keptLabel),
        ];
      },
    ),
    remarks: [
      'A natural adversary may truly be another class: look at it before you call it an error.',
      ...(manifold.naturalAdversaries.some(({ marks }) => (marks?.keptLabel.total ?? 0) > 0)
        ? [
            'Whether they still look like their label is what someone said who looked at those that are marked; unsure ones count for neither.',
          ]
        : []),
    ],
  };
}

/** `12 of 40, 2 unsure` */
function describeMarked({ yes, no, unsure, adversaries }: MarkSummary): string {
  const marked = `${yes + no + unsure} of ${adversaries}`;
  return unsure === 0 ? marked : `${marked}, ${unsure} unsure`;
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
