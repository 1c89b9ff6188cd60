import type { AuditReport, Condition } from '../../src/report/audit-report.ts';
import { type ConditionTable, renderMarkdown } from '../../src/report/condition-table.ts';
import {
  adversaryOf,
  calibrationTable,
  conditionDetectionTable,
  detectionTable,
  mainRow,
  posteriorLines,
  ratioWithInterval,
  thresholdTable,
  withInterval,
} from '../../src/report/detection-table.ts';
import { percentWithInterval, scientific } from '../../src/report/wording.ts';

/** What the founding study found, relative to its separate clean set. */
const founding = new Map([
  ['clean', ['0.695×', '0.670×']],
  ['fgsm-linf-0.3', ['2.76×', '3.04×']],
  ['carlini-wagner-l2-warm', ['1.09×', '0.983×']],
  ['carlini-wagner-l2-warm-confidence-5', ['1.09×', '0.983×']],
  ['carlini-wagner-l2-warm-confidence-15', ['1.09×', '0.983×']],
]);

/**
 * The page docs/uncertainty.md. Every figure is the reports'.
 *
 * @param others audits of the same model with other posteriors, under some of the conditions
 */
export function describeUncertainty(
  report: AuditReport,
  others: readonly AuditReport[] = [],
): string {
  const { model, data, engine, detection } = report;
  const outside = report.conditions.find(({ kind }) => kind === 'out-of-distribution');
  const sections = [
    '# Uncertainty on real digits',
    '<!-- Written by npm run reproduce:uncertainty; do not edit. -->',
    `\`npm run reproduce:uncertainty\` audits \`${model.name}\` (${model.parameterCount.toLocaleString('en')} parameters) on the first ${data.samples} images of MNIST’s test set, with the next ${data.baselineSamples} as separate clean set, seed ${report.seed}, ${engine.version}. Intervals are 95%. Fashion-MNIST is a condition where its test set is installed (Debian has it as the optional package \`dataset-fashion-mnist\`; \`-- --fashion <folder>\` names another place).`,
    posteriorLines(report).join(' '),
    '## The founding study’s table',
    renderMarkdown(studyTable(report)),
    'MI and SMV are means over all samples; relative values are ratios to the separate clean set. FGSM lies well above clean, as in the study. **Where C&W lies depends on its confidence κ**: with κ = 0 its images are on the decision boundary, where dropout is most unsure; with κ = 5 they are about as uncertain as those of FGSM; with κ = 15 the model is surer of them than of clean digits. The study’s value for C&W lies between the last two, and a table of detection that does not name κ says little.',
    '## Detection',
    renderMarkdown(required(detectionTable(report))),
    'Under an attack only successes count as positives. Noise of the same size is the control: what a score makes of it is no evidence that it detects adversaries. The adaptive row lowers the mutual information over 20 fixed passes while it attacks (λ = 10), and in 50 steps after its success.',
    ...(outside === undefined
      ? []
      : [
          `## Every score against ${outside.label}`,
          renderMarkdown(required(conditionDetectionTable(report, outside, 'all'))),
        ]),
    ...(others.length === 0
      ? []
      : [
          '## Other posteriors',
          others.map(other => posteriorLines(other).join(' ')).join('\n\n'),
          renderMarkdown(posteriorTable([report, ...others])),
          'Relative MI over all samples, and the AUROC of MI, under an attack over successes only. Scores of different posteriors are not comparable; the rows of one column are. The adaptive row lowers the mutual information of the posterior of its column: over masks, over drawn last layers, or over the members of the ensemble. Confident adversaries (κ = 15) look familiar to both posteriors that are made of the attacked model alone; only the other models of the ensemble doubt them.',
        ]),
    '## Thresholds',
    'Set on the separate clean set, realised on the audited samples.',
    renderMarkdown(required(thresholdTable(report))),
    ...(detection?.calibration === undefined
      ? []
      : ['## Calibration', renderMarkdown(calibrationOfAll(report, others))]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function studyTable({ conditions, detection }: AuditReport): ConditionTable {
  const shown = conditions.filter(({ kind }) => kind !== 'control');
  const cells = (condition: Condition, score: string) => {
    const row = detection?.rows.find(
      candidate =>
        candidate.condition === condition.id &&
        candidate.score === score &&
        candidate.subset === 'all',
    );
    return [
      scientific(row?.mean.value ?? null),
      row === undefined ? '' : ratioWithInterval(row.ratio),
    ];
  };
  return {
    header: ['', 'accuracy', 'MI', 'relative MI', 'SMV', 'relative SMV', 'study, rel. MI / SMV'],
    rows: shown.map(condition => [
      condition.label,
      condition.accuracy === null ? '' : percentWithInterval(condition.accuracy),
      ...cells(condition, 'mutual-information'),
      ...cells(condition, 'softmax-variance'),
      founding.get(condition.id)?.join(' / ') ?? '',
    ]),
    remarks: [],
  };
}

/** What the mutual information of each posterior makes of the conditions that all reports have. */
function posteriorTable(reports: readonly AuditReport[]): ConditionTable {
  const shared = reports.at(-1)?.conditions.filter(({ kind }) => kind !== 'control') ?? [];
  const cell = ({ detection }: AuditReport, condition: Condition): string => {
    if (detection === undefined) return '';
    const rows = detection.rows.filter(
      row => row.condition === condition.id && row.score === 'mutual-information',
    );
    const ratio = ratioWithInterval(rows.find(({ subset }) => subset === 'all')?.ratio ?? null);
    const separation = mainRow(detection, condition, 'mutual-information')?.separation;
    return separation === null || separation === undefined
      ? ratio
      : `${ratio}; ${withInterval(separation.auroc)}`;
  };
  return {
    header: [
      'relative MI; AUROC (95%)',
      'adversary',
      ...reports.map(({ detection }) => methodOf(detection)),
    ],
    rows: shared.map(condition => [
      condition.label,
      adversaryOf(condition),
      ...reports.map(report => cell(report, condition)),
    ]),
    remarks: [],
  };
}

/** The model's calibration once, and that of each posterior. */
function calibrationOfAll(report: AuditReport, others: readonly AuditReport[]): ConditionTable {
  const table = required(calibrationTable(report));
  const names = new Set(table.rows.map(([name]) => name));
  const further = others
    .flatMap(other => required(calibrationTable(other)).rows)
    .filter(([name]) => !names.has(name));
  return { ...table, rows: [...table.rows, ...further] };
}

function methodOf(detection: AuditReport['detection']): string {
  return detection?.posterior.applicable === true ? detection.posterior.method : 'none';
}

function required(table: ConditionTable | undefined): ConditionTable {
  if (table === undefined) throw new Error('The report has no such table.');
  return table;
}
