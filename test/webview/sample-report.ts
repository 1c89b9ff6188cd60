import type { AuditReport, Condition, SampleRecord } from '../../src/report/audit-report.ts';
import { confusionOf } from '../../src/report/confusion.ts';
import { mean, proportion } from '../../src/report/statistics.ts';
import { Random } from '../../src/random/random.ts';
import { sampleDetection } from './sample-detection.ts';

/**
 * A report as an audit would write it, with as many samples as wanted, so that the panel can be
 * tried at any size. The numbers come from a seeded generator and agree with each other.
 */
export function sampleReport(count: number, state: AuditReport['state'] = 'complete'): AuditReport {
  const random = new Random(1, ['panel-test']);
  const samples = Array.from({ length: count }, (_, index): SampleRecord => {
    const label = index % 10;
    const fooled = random.uniform() < 0.6;
    const size = random.uniform(0.5, 2);
    return {
      index,
      id: String(index),
      label,
      role: 'sample',
      conditions: {
        clean: {
          prediction: label,
          confidence: random.uniform(0.9, 1),
          scores: {
            'mutual-information': random.uniform(0, 0.05),
            'softmax-variance': random.uniform(0, 0.001),
          },
        },
        'carlini-wagner-l2-quick': {
          outcome: fooled ? 'succeeded' : 'failed',
          prediction: fooled ? (label + 1) % 10 : label,
          confidence: random.uniform(0.4, 0.7),
          distance: { Linf: size / 5, L2: size, L1: 4 * size, L0: 60 },
          steps: random.integer(1000),
          scores: {
            'mutual-information': random.uniform(0, 0.4),
            'softmax-variance': random.uniform(0, 0.02),
          },
        },
      },
    };
  });
  const condition = (id: string, kind: Condition['kind'], label: string): Condition => {
    const results = samples.map(sample => ({ ...sample, result: sample.conditions[id] }));
    const right = results.filter(({ result, label: truth }) => result?.prediction === truth);
    const scores = results.map(({ result }) => result?.scores?.['mutual-information'] ?? 0);
    return {
      id,
      kind,
      label,
      state: state === 'running' && kind === 'attack' ? 'running' : 'finished',
      finished: count,
      total: count,
      accuracy: proportion(right.length, count),
      confusion: confusionOf(
        results.map(({ result, label: truth }) => ({
          label: truth,
          prediction: result?.prediction ?? truth,
        })),
      ),
      ...(kind === 'attack'
        ? {
            attack: {
              name: 'carlini-wagner',
              kind: 'minimum-norm' as const,
              norm: 'L2' as const,
              settings: { preset: 'quick', binarySearchSteps: 5, iterations: 200 },
            },
            attackSuccess: proportion(count - right.length, count),
            distance: { norm: 'L2' as const, median: 1.42, meanOfSuccesses: 1.3 },
            survival: proportion(Math.round(0.5 * count), Math.round(0.6 * count)),
          }
        : {}),
      uncertainty: {
        applicable: true,
        method: 'mc-dropout',
        description: 'dropout_1 (0.5)',
        passes: 100,
        accuracy: proportion(right.length, count),
        mutualInformation: mean(scores) ?? 0,
        softmaxVariance: 0.001,
        relativeMutualInformation: 1.1,
        relativeSoftmaxVariance: 0.98,
      },
      seconds: 1,
    };
  };
  return {
    version: 1,
    tool: { name: 'assay', version: '0.1.0' },
    state,
    startedAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:01:00.000Z',
    seconds: 60,
    seed: 0,
    preset: 'quick',
    config: 'assay.config.json',
    fingerprint: 'f',
    model: {
      path: 'models/digits-cnn/model.json',
      name: 'digits-cnn',
      format: 'layers-model',
      fingerprint: 'm',
      inputShape: [4, 4, 1],
      classCount: 10,
      classNames: Array.from({ length: 10 }, (_, i) => String(i)),
      bounds: [0, 1],
      parameterCount: 123456,
      logits: 'softmax removed',
      notes: [],
    },
    data: {
      source: 'data/test',
      fingerprint: 'd',
      total: 10000,
      selection: 'random',
      samples: count,
      baselineSamples: 0,
    },
    engine: { name: 'wasm', version: 'tfjs-backend-wasm 4.22.0', threads: 2, notes: [] },
    files: [],
    gradientCheck: {
      verdict: 'agrees',
      relativeError: 1e-4,
      tolerance: 1e-2,
      directions: 8,
      explanation: 'The gradient agrees with finite differences.',
    },
    conditions: [
      condition('clean', 'clean', 'Clean'),
      condition('carlini-wagner-l2-quick', 'attack', 'C&W L2 (quick)'),
    ],
    detection: sampleDetection('carlini-wagner-l2-quick', count),
    robustness: {
      worstCases: [
        {
          norm: 'L2',
          epsilon: 1,
          accuracy: proportion(Math.round(0.75 * count), count),
          attacks: ['carlini-wagner-l2-quick'],
        },
      ],
      curves: [
        {
          condition: 'carlini-wagner-l2-quick',
          norm: 'L2',
          epsilonAtHalfAccuracy: 1.42,
          points: [0, 0.5, 1, 1.5, 2].map(epsilon => ({
            epsilon,
            accuracy: proportion(Math.round((1 - 0.3 * epsilon) * count), count),
          })),
        },
      ],
    },
    checks: [
      {
        id: 'clean-accuracy',
        label: 'Accuracy on clean samples',
        verdict: 'pass',
        required: 0.98,
        measured: 1,
        lower: 0.99,
        upper: 1,
        explanation: 'At least 99.0% with 95% confidence.',
      },
      {
        id: 'robust-accuracy',
        label: 'Accuracy under the worst attack for each sample',
        verdict: 'fail',
        required: 0.5,
        measured: 0.4,
        lower: 0.36,
        upper: 0.44,
        explanation: '40.0% is below the required 50.0%.',
      },
    ],
    flags: [
      {
        id: 'small-baseline',
        severity: 'info',
        message: 'No samples are left for the separate clean set.',
        remedy: 'Give more data.',
      },
    ],
    samples,
    arrays: {},
  };
}
