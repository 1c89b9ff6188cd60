import type { CalibrationRecord, Detection } from '../report/detection-record.ts';
import {
  calibrationReport,
  fitTemperature,
  type LabelledLogits,
} from '../uncertainty/calibration.ts';
import type { ConditionResults } from './condition-results.ts';

/**
 * Calibration on the clean samples: of the model, with a temperature that was fitted on the separate
 * clean set where there is one, and of the posterior's mean prediction. Nothing where a logit is not
 * finite.
 */
export function calibrationOf(
  clean: ConditionResults,
  baseline: ConditionResults | undefined,
): Pick<Detection, 'calibration'> {
  const finite = (results: ConditionResults) => results.logits.values.every(Number.isFinite);
  if (!finite(clean)) return {};
  const fitted = baseline !== undefined && finite(baseline) ? fitTemperature(baseline) : undefined;
  const temperature = fitted === undefined || fitted.atBound ? null : fitted.temperature;
  const { labels } = clean;
  const { monteCarloLogits, probitLogits } = clean.scores;
  return {
    calibration: {
      asSaved: calibrationRecord(clean),
      temperature,
      withTemperature: temperature === null ? null : calibrationRecord(clean, temperature),
      ...(monteCarloLogits === undefined
        ? {}
        : { monteCarlo: calibrationRecord({ logits: monteCarloLogits, labels }) }),
      ...(probitLogits === undefined
        ? {}
        : { probit: calibrationRecord({ logits: probitLogits, labels }) }),
    },
  };
}

function calibrationRecord(labelled: LabelledLogits, temperature = 1): CalibrationRecord {
  const report = calibrationReport(labelled, temperature);
  const known = (value: number) => (Number.isNaN(value) ? null : value);
  return {
    count: labelled.logits.count,
    expectedError: report.expected,
    maximumError: report.maximum,
    negativeLogLikelihood: report.negativeLogLikelihood,
    brier: report.brier,
    bins: report.bins.map(bin => ({
      ...bin,
      confidence: known(bin.confidence),
      accuracy: known(bin.accuracy),
    })),
  };
}
