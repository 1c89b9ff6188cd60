import type { AuditReport } from './audit-report.ts';
import { doubtMark, doubtOf, doubtRemark } from './doubt.ts';
import { medianDistance, percent, percentWithInterval, ratio, scientific } from './wording.ts';

/** A table of the conditions, for terminal, hover and Markdown alike. */
export interface ConditionTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What does not fit in a cell: why a score does not apply, for example. */
  readonly remarks: readonly string[];
}

/** The table of the founding study: a row for each condition, with accuracy and uncertainty. */
export function conditionTable(report: AuditReport): ConditionTable {
  const remarks = new Set<string>();
  const rows = report.conditions.map(condition => {
    const { uncertainty } = condition;
    if (uncertainty?.applicable === false)
      remarks.add(`${uncertainty.reason} ${uncertainty.remedy}`);
    if (condition.error !== undefined) remarks.add(`${condition.label}: ${condition.error}`);
    const scores = uncertainty?.applicable === true ? uncertainty : undefined;
    const isDoubtful = doubtOf(condition, report.flags) !== undefined;
    if (isDoubtful) remarks.add(doubtRemark);
    return [
      condition.label,
      `${condition.finished}/${condition.total}`,
      `${percentWithInterval(condition.accuracy)}${isDoubtful ? doubtMark : ''}`,
      condition.attackSuccess === undefined ? '' : percent(condition.attackSuccess.value),
      medianDistance(condition),
      scientific(scores?.mutualInformation ?? null),
      scientific(scores?.softmaxVariance ?? null),
      ratio(scores?.relativeMutualInformation ?? null),
      ratio(scores?.relativeSoftmaxVariance ?? null),
    ];
  });
  const header = [
    'condition',
    'samples',
    'accuracy (95%)',
    'success',
    'median distance',
    'MI',
    'SMV',
    'rel. MI',
    'rel. SMV',
  ];
  return { header, rows, remarks: [...remarks] };
}

/** Columns padded with spaces, for a terminal. */
export function renderText({ header, rows }: ConditionTable): string {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map(row => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map(width => '─'.repeat(width)).join('  ');
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/** A table of GitHub's Markdown. */
export function renderMarkdown({ header, rows }: ConditionTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const alignment = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(header), line(alignment), ...rows.map(line)].join('\n');
}
