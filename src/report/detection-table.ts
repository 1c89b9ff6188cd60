import type { AuditReport, Condition } from './audit-report.ts';
import type { ConditionTable } from './condition-table.ts';
import type { CalibrationRecord, Detection, DetectionRow, Estimate } from './detection-record.ts';
import { scoreTitle } from './score-names.ts';
import { scoreValue } from './score-value.ts';
import { percent, percentWithInterval, ratio, scientific, significant } from './wording.ts';
import { counted } from '../wording/counted.ts';

/** What tables are made from: the report, or the part of it that the panel has. */
export type DetectionReported = Pick<AuditReport, 'conditions' | 'detection'>;

/** Scores that the short table shows: what the model does not know, and the usual baselines. */
const leading = ['mutual-information', 'maximum-probability', 'energy', 'mahalanobis'];

/** How the model was made Bayesian, one sentence a line. */
export function posteriorLines({ detection }: DetectionReported): string[] {
  if (detection === undefined) return [];
  const { posterior, splits } = detection;
  const { fit, fitSource, threshold, thresholdMissing, test } = splits;
  const thresholds =
    thresholdMissing === undefined ? `thresholds set on ${threshold} others` : 'no thresholds set';
  const fitted =
    fit === 0
      ? `No samples of ${fitSource} were left to fit scores on`
      : `Scores fitted on ${counted(fit, 'sample')} of ${fitSource}`;
  const sets = [
    `${fitted}, ${thresholds}, detection measured on ${test} others.`,
    ...(thresholdMissing === undefined
      ? []
      : [`No thresholds, no values relative to clean, no temperature. ${thresholdMissing}`]),
  ].join(' ');
  if (!posterior.applicable) return [`No posterior: ${posterior.reason} ${posterior.remedy}`, sets];
  const { method, description, reason, passes, passesReason, standardError } = posterior;
  const exactness =
    standardError === null
      ? ''
      : ` MI of one clean sample: standard error ${scientific(standardError)} nats, on average ${percent(posterior.relativeBias)} too low.`;
  return [
    `Posterior: ${method}. ${reason} ${description}`,
    `${counted(passes, 'pass', 'passes')}. ${passesReason}${exactness}`,
    sets,
  ];
}

/** AUROC of the leading scores against clean samples: a row for each condition. */
export function detectionTable(report: DetectionReported): ConditionTable | undefined {
  const { detection } = report;
  if (detection === undefined) return undefined;
  const present = leading.filter(name => detection.rows.some(({ score }) => score === name));
  const [first] = present;
  const rows = report.conditions.flatMap(condition => {
    const found = present.map(score => mainRow(detection, condition, score));
    const [own] = found;
    if (own === undefined || own.separation === null) return [];
    return [
      [
        condition.label,
        adversaryOf(condition),
        String(own.count),
        ...found.map(row => withInterval(row?.separation?.auroc)),
        percentWithInterval(own.flagged.at(-1) ?? null),
      ],
    ];
  });
  if (first === undefined || rows.length === 0) return undefined;
  return {
    header: [
      'detected against clean',
      'adversary',
      'samples',
      ...present.map(name => `AUROC ${scoreTitle(name)} (95%)`),
      `flagged by ${scoreTitle(first)} at 5% FPR`,
    ],
    rows,
    remarks: [],
  };
}

/** Every score under one condition, with every metric. */
export function conditionDetectionTable(
  { detection }: DetectionReported,
  condition: Condition,
  subset: DetectionRow['subset'],
): ConditionTable | undefined {
  const rows = (detection?.rows ?? []).filter(
    row => row.condition === condition.id && row.subset === subset,
  );
  const [first] = rows;
  if (detection === undefined || first === undefined) return undefined;
  const of = subset === 'succeeded' ? `${condition.label}, successes` : condition.label;
  return {
    header: [
      `${of} (${first.count})`,
      'mean (95%)',
      'ratio to clean',
      ...(first.separation === null
        ? []
        : [
            'AUROC (95%)',
            `AUPR (chance ${percent(first.separation.baseRate)})`,
            'FPR at 95% TPR, out positive',
            'in positive',
            'TPR at 1% FPR',
            'at 5% FPR',
          ]),
    ],
    rows: rows.map(({ score, mean, ratio: toClean, separation }) => [
      scoreTitle(score),
      meanWithInterval(mean, score, detection),
      ratioWithInterval(toClean),
      ...(separation === null
        ? []
        : [
            withInterval(separation.auroc),
            percent(separation.averagePrecision),
            percent(separation.fprAt95TprOutPositive),
            percent(separation.fprAt95TprInPositive),
            percent(separation.tprAt1Fpr),
            percent(separation.tprAt5Fpr),
          ]),
    ]),
    remarks: [],
  };
}

/** Where each score flags, and how often it does so without a reason. */
export function thresholdTable({ detection }: DetectionReported): ConditionTable | undefined {
  if (detection === undefined || detection.thresholds.length === 0) return undefined;
  return {
    header: ['threshold', 'false positives wanted', 'value', 'where set', 'realised (95%)'],
    rows: detection.thresholds.map(({ score, targetRate, value, calibrationRate, realised }) => [
      scoreTitle(score),
      percent(targetRate),
      scoreValue(detection, score, value),
      percent(calibrationRate),
      percentWithInterval(realised),
    ]),
    remarks: [],
  };
}

/** Whose confidence is held against its accuracy: the model's, or the posterior's in its place. */
export interface CalibratedPrediction {
  readonly name: string;
  readonly record: CalibrationRecord;
}

/**
 * Calibration as saved, after dividing the logits by the fitted temperature, and of the posterior's
 * mean prediction, with its passes and without; those that there are.
 */
export function calibratedPredictions(detection: Detection): CalibratedPrediction[] {
  const { calibration, posterior } = detection;
  if (calibration === undefined) return [];
  const { asSaved, temperature, withTemperature, monteCarlo, probit } = calibration;
  const passes = posterior.applicable
    ? `${counted(posterior.passes, 'pass', 'passes')} of ${posterior.method}`
    : '';
  const predictions: [name: string, record: CalibrationRecord | null | undefined][] = [
    ['As saved', asSaved],
    [`Temperature ${scientific(temperature)}`, withTemperature],
    [`Mean of ${passes}`, monteCarlo],
    ['Probit, without passes', probit],
  ];
  return predictions.flatMap(([name, record]) => (record ? [{ name, record }] : []));
}

/** How far confidence and accuracy are apart: a row for each prediction. */
export function calibrationTable({ detection }: DetectionReported): ConditionTable | undefined {
  if (detection?.calibration === undefined) return undefined;
  return {
    header: ['calibration on clean samples', 'samples', 'ECE', 'MCE', 'NLL', 'Brier'],
    rows: calibratedPredictions(detection).map(({ name, record }) => [
      name,
      String(record.count),
      scientific(record.expectedError),
      scientific(record.maximumError),
      scientific(record.negativeLogLikelihood),
      scientific(record.brier),
    ]),
    remarks: detection.calibration.temperature === null ? [whyNoTemperature(detection)] : [],
  };
}

function whyNoTemperature({ splits }: Detection): string {
  return splits.thresholdMissing === undefined
    ? 'No temperature is best: the separate clean set is answered without an error.'
    : `A temperature would be fitted on a separate clean set. ${splits.thresholdMissing}`;
}

/** Scores that could not be computed, with the reason. */
export function missingScoreLines({ detection }: DetectionReported): string[] {
  return (detection?.scores ?? []).flatMap(({ name, missing }) =>
    missing === undefined ? [] : [`No ${scoreTitle(name)}: ${missing}`],
  );
}

/** Who changed the samples: an adversary, and what it knew of the detector. */
export function adversaryOf({ attack }: Condition): string {
  if (attack === undefined) return 'none';
  return 'evasionWeight' in attack.settings ? 'adaptive' : 'unaware';
}

/** Successes of an attack, since a detector has to catch those; all samples otherwise. */
export function mainRow(
  detection: Detection,
  condition: Condition,
  score: string,
): DetectionRow | undefined {
  const own = detection.rows.filter(row => row.condition === condition.id && row.score === score);
  return own.find(({ subset }) => subset === 'succeeded') ?? own.at(0);
}

/** `0.912 (0.87–0.95)`. */
export function withInterval(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { value, lower, upper } = estimate;
  return `${value.toFixed(3)} (${lower.toFixed(2)}–${upper.toFixed(2)})`;
}

/** `0.186 (0.167–0.204)`, and `-6.02 (-7.09 to -4.94)`, where a dash would be read as a sign. */
function meanWithInterval(
  { value, lower, upper }: Estimate,
  score: string,
  detection: Detection,
): string {
  const [mean, from, to] = [value, lower, upper].map(end => scoreValue(detection, score, end));
  const between = lower < 0 ? ' to ' : '–';
  return `${mean} (${from}${between}${to})`;
}

/** `2.76× (2.4–3.2)`. */
export function ratioWithInterval(estimate: Estimate | null): string {
  if (estimate === null) return '';
  const { value, lower, upper } = estimate;
  return `${ratio(value)} (${significant(lower, 2)}–${significant(upper, 2)})`;
}
