import { encodeSheet, sampleTiles } from '../../src/manifold/picture-sheet.ts';
import { Batch } from '../../src/arrays/batch.ts';
import type { ManifoldTrainingState } from '../../src/protocol/panel-protocol.ts';
import { withMarks } from '../../src/report/adversary-marks.ts';
import type { AuditReport, SampleRecord } from '../../src/report/audit-report.ts';
import { proportion } from '../../src/report/statistics.ts';
import { sampleReport } from './sample-report.ts';

export const naturalCondition = 'natural-gradient';
const ends = [0, 1, 2];
const points = 5;

/** The report of `sampleReport` with what a trained manifold adds to it. */
export function reportWithManifold(count: number): AuditReport {
  const report = sampleReport(count);
  const [clean, attack] = report.conditions;
  if (clean === undefined || attack === undefined) throw new RangeError('no conditions');
  const samples = report.samples.map(sample => withNatural(sample));
  const found = samples.filter(({ conditions }) => conditions[naturalCondition]?.adversary);
  const answers = (length: number) =>
    Array.from({ length }, (_, i) => ({ prediction: i % 10, confidence: 0.9 - i / 50 }));
  const end = (label: number) => ({ index: label, id: String(label), label });
  return withMarks(
    {
      ...report,
      samples,
      conditions: [
        clean,
        attack,
        {
          ...clean,
          id: naturalCondition,
          kind: 'natural',
          label: 'Natural adversary, gradient search',
          accuracy: proportion(count - found.length, count),
          attackSuccess: proportion(found.length, count),
          outcomes: { succeeded: found.length, failed: count - found.length },
        },
      ],
      manifold: {
        trained: true,
        key: 'k',
        description: 'WGAN-GP with inverter, all networks in one loop.',
        latentSize: 32,
        steps: 1500,
        seconds: 120,
        heldOutError: 8,
        errorOfMean: 100,
        corrections: [clean, attack].map(({ id }) => ({
          condition: id,
          method: 'reconstruction',
          label: 'reconstruction G(I(x))',
          kind: 'manifold' as const,
          before: proportion(count, count),
          after: proportion(count - 1, count),
          fixed: 0,
          broken: 1,
          pValue: 1,
        })),
        naturalAdversaries: [
          { condition: naturalCondition, medianLatentDistance: 1.9, meanQueries: 92 },
        ],
        pictures: {
          file: 'manifold-pictures.npz',
          random: answers(6),
          ways: [
            [0, 1],
            [0, 2],
            [1, 2],
          ].map(([from = 0, to = 0]) => ({
            from: end(ends[from] ?? 0),
            to: end(ends[to] ?? 0),
            points: answers(points),
          })),
        },
      },
    },
    [],
  );
}

/** Every other sample has a natural adversary. */
function withNatural(sample: SampleRecord): SampleRecord {
  const { clean } = sample.conditions;
  if (clean === undefined) return sample;
  const corrected = { reconstruction: { prediction: sample.label, confidence: 0.93 } };
  const isFound = sample.index % 2 === 0;
  return {
    ...sample,
    conditions: {
      ...sample.conditions,
      clean: { ...clean, corrected },
      [naturalCondition]: {
        ...clean,
        outcome: isFound ? 'succeeded' : 'failed',
        prediction: isFound ? (sample.label + 3) % 10 : sample.label,
        confidence: 0.51,
        steps: 92,
        ...(isFound ? { adversary: `adversary-${sample.index}`, latentDistance: 1.87 } : {}),
      },
    },
  };
}

/** A training that has come some way, as the extension tells the panel. */
export function trainingAt(
  step: number,
  state: ManifoldTrainingState['state'] = 'running',
): ManifoldTrainingState {
  const evaluations = Math.floor(step / 100);
  const values = Batch.zeros(8, [8, 8, 1]);
  values.values.forEach((_, i) => (values.values[i] = (i % 11) / 10));
  const row = sampleTiles(values, { lower: 0, upper: 1 });
  return {
    state,
    step,
    steps: 1500,
    ...(state === 'running' ? { secondsLeft: 95 } : {}),
    history: Array.from({ length: evaluations }, (_, i) => ({
      step: 100 * (i + 1),
      heldOutError: 60 / (i + 2),
      trainingError: 70 / (i + 2),
      latentError: 0.9 - i / 30,
      criticDistance: 12 / (i + 3),
    })),
    ...(evaluations === 0
      ? {}
      : { picture: Buffer.from(encodeSheet([row, row, row])).toString('base64') }),
  };
}
