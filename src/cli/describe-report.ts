import { styleText } from 'node:util';
import type { AuditReport, Check, Flag } from '../report/audit-report.ts';
import { correctionTable, naturalTable } from '../report/manifold-table.ts';
import { conditionTable, renderText, type ConditionTable } from '../report/condition-table.ts';
import {
  calibrationTable,
  conditionDetectionTable,
  detectionTable,
  missingScoreLines,
  posteriorLines,
  thresholdTable,
} from '../report/detection-table.ts';
import {
  certifiedTable,
  classTable,
  curveTables,
  settingLines,
  smallestChangeTable,
  worstCaseTable,
} from '../report/robustness-table.ts';
import { duration } from '../report/wording.ts';
import { counted } from '../wording/counted.ts';

const verdictMarks = {
  pass: styleText('green', '✓'),
  warn: styleText('yellow', '!'),
  fail: styleText('red', '✗'),
  unknown: styleText('red', '?'),
} as const satisfies Record<Check['verdict'], string>;

const severityMarks = {
  info: 'note',
  warning: styleText('yellow', 'warning'),
  error: styleText('red', 'error'),
} as const satisfies Record<Flag['severity'], string>;

/**
 * The report for people at a terminal: what was audited, the tables, checks, flags, where it is.
 *
 * @param details also the curves, each class and each score under each condition, and calibration
 */
export function describeReport(report: AuditReport, path: string, details = false): string {
  const { model, data, engine, gradientCheck } = report;
  const table = conditionTable(report);
  const sections = [
    [
      `${styleText('bold', model.name)}  ${model.format}, ${counted(model.parameterCount, 'parameter')}, ${model.path}`,
      `${data.samples} of ${counted(data.total, 'sample')} (${data.selection}, seed ${report.seed}), ${data.baselineSamples} more as separate clean set, ${data.source}`,
      `${engine.version}, ${counted(engine.threads, 'thread')}, ${duration(report.seconds)}${report.state === 'complete' ? '' : `, ${report.state}`}`,
      ...engine.notes.map(note => `Engine: ${note}`),
      ...(gradientCheck === null ? [] : [`Gradient: ${gradientCheck.explanation}`]),
    ],
    [renderText(table)],
    table.remarks,
    posteriorLines(report),
    ...[worstCaseTable(report), smallestChangeTable(report), detectionTable(report)]
      .filter(part => part !== undefined)
      .map(part => [renderText(part), ...part.remarks]),
    ...certifiedLines(report),
    ...[naturalTable(report), correctionTable(report)]
      .filter(part => part !== undefined)
      .map(part => [renderText(part), ...part.remarks]),
    ...(details ? detailTables(report).map(part => [renderText(part), ...part.remarks]) : []),
    settingLines(report),
    details ? missingScoreLines(report) : [],
    report.checks.map(
      ({ verdict, label, explanation }) => `${verdictMarks[verdict]} ${label}: ${explanation}`,
    ),
    report.flags.map(
      ({ severity, message, remedy }) => `${severityMarks[severity]}: ${message} ${remedy}`,
    ),
    [`Report: ${path}`],
  ];
  return sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n');
}

/** Apart from the attacks: what is proved, and of what. */
function certifiedLines(report: AuditReport): string[][] {
  const proved = certifiedTable(report);
  return proved === undefined ? [] : [[renderText(proved)], [...proved.remarks]];
}

function detailTables(report: AuditReport): ConditionTable[] {
  const classes = report.conditions.map(condition => classTable(report, condition));
  const scores = report.conditions.flatMap(condition => [
    conditionDetectionTable(report, condition, 'all'),
    conditionDetectionTable(report, condition, 'succeeded'),
  ]);
  return [
    ...curveTables(report),
    ...classes,
    ...scores,
    thresholdTable(report),
    calibrationTable(report),
  ].filter(part => part !== undefined);
}
