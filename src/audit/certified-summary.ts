import type { SmoothingConfig } from '../config/smoothing-config.ts';
import type { Certified } from '../report/certified-record.ts';
import { proportion } from '../report/statistics.ts';
import type { PlannedProbe, ProbeResult } from './probes.ts';

/** Radii that certified accuracy is given at, in deviations of the noise. */
const radiiInDeviations = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5];

/**
 * Certified accuracy against radius, over all samples: abstentions and wrong classes count as wrong.
 *
 * @returns undefined until every sample is done
 */
export function summariseCertificates(
  settings: SmoothingConfig | undefined,
  planned: readonly PlannedProbe[],
  results: readonly ProbeResult[],
): Certified | undefined {
  if (settings === undefined) return undefined;
  const pieces = planned.filter(({ task }) => task.step.kind === 'certify');
  const outputs = results.flatMap(({ output }) => (output.kind === 'certify' ? [output] : []));
  if (outputs.length < pieces.length) return undefined;
  const samples = outputs.flatMap(({ predictions, radii, labels }) =>
    Array.from(predictions, (prediction, row) => ({
      prediction,
      right: prediction === labels[row],
      radius: radii[row] as number,
    })),
  );
  const largest = Math.max(...samples.map(({ radius }) => radius));
  return {
    method: 'randomised-smoothing',
    ...settings,
    abstained: samples.filter(({ prediction }) => prediction === -1).length,
    points: radiiInDeviations
      .map(deviations => deviations * settings.deviation)
      .filter(radius => radius <= largest)
      .map(radius => ({
        radius,
        accuracy: proportion(
          samples.filter(sample => sample.right && sample.radius >= radius).length,
          samples.length,
        ),
      })),
  };
}
