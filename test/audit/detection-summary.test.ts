import { describe, expect, test } from 'vitest';
import type { AttackOutcome } from '../../src/attacks/attack.ts';
import { ConditionResults } from '../../src/audit/condition-results.ts';
import { DetectionSummary } from '../../src/audit/detection-summary.ts';
import type { PlannedCondition } from '../../src/audit/planned-condition.ts';
import { calibrationTable, posteriorLines } from '../../src/report/detection-table.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };

const detectors = { scores: [], missing: [{ name: 'odin', reason: 'No gradient.' }] };
const summary = () =>
  new DetectionSummary({
    posterior: { applicable: false, reason: 'No dropout.', remedy: 'Add some.' },
    fit: { count: 7, source: 'data' },
  });

/** A finished condition whose samples have these scores. */
function finished(
  id: string,
  kind: PlannedCondition['kind'],
  scores: readonly number[],
  outcomes?: readonly AttackOutcome[],
): ConditionResults {
  const indices = scores.map((_, i) => i);
  const results = new ConditionResults(
    { id, label: id, kind, indices, attack: undefined, step: { kind: 'predict' } },
    [1],
    2,
  );
  const count = scores.length;
  const samples = { logits: new Float32Array(2 * count), steps: new Int32Array(count) };
  const inputs = new Float32Array(count);
  if (outcomes === undefined) {
    results.addPredictions(0, {
      kind: 'predict',
      inputs,
      labels: new Int32Array(count),
      ...samples,
    });
  } else {
    const clean = finished('clean', 'clean', scores);
    const marks = { lostSuccess: new Int32Array(count), survivesRounding: new Int32Array(count) };
    results.addAdversaries(
      0,
      { kind: 'attack', adversaries: inputs, outcomes, ...samples, ...marks },
      clean,
    );
  }
  results.addScores(0, {
    kind: 'score',
    scores: { score: Float64Array.from(scores) },
    posterior: undefined,
    detectors,
  });
  results.state = 'finished';
  return results;
}

describe('a summary of detection', () => {
  test('has the metrics of published values', () => {
    const { id_scores: clean, ood_scores: outside } = golden.ood_metrics;
    const found = summary().summarise(
      [finished('clean', 'clean', clean), finished('letters', 'out-of-distribution', outside)],
      detectors,
    );
    const row = found?.rows.find(({ condition }) => condition === 'letters');
    expect(row?.separation?.auroc.value).toBeCloseTo(golden.ood_metrics.auroc, 12);
    expect(row?.count).toBe(outside.length);
    expect(row?.histogram.reduce((sum, n) => sum + n, 0)).toBe(outside.length);
    expect(found?.rows.find(({ condition }) => condition === 'clean')?.separation).toBeNull();
    expect(found?.scores).toContainEqual({ name: 'odin', settings: {}, missing: 'No gradient.' });
  });

  test('sets thresholds on the separate set and realises them on the audited samples', () => {
    const baseline = Array.from({ length: 100 }, (_, i) => i);
    const clean = Array.from({ length: 100 }, (_, i) => i + 3);
    const found = summary().summarise(
      [finished('clean', 'clean', clean), finished('baseline', 'baseline', baseline)],
      detectors,
    );
    expect(found?.thresholds).toMatchObject([
      { targetRate: 0.01, value: 98, calibrationRate: 0.01, realised: { count: 4, total: 100 } },
      { targetRate: 0.05, value: 94, calibrationRate: 0.05, realised: { count: 8, total: 100 } },
    ]);
    const row = found?.rows.find(({ condition }) => condition === 'clean');
    expect(row?.ratio?.value).toBeCloseTo(52.5 / 49.5, 12);
    // A hundred numbers around fifty with a standard deviation of 29: the ratio is known to 16%.
    expect(row?.ratio?.lower).toBeCloseTo(0.9, 1);
    expect(row?.ratio?.upper).toBeCloseTo(1.25, 1);
  });

  test('without a separate clean set says what is missing, why and what to do', () => {
    const clean = finished('clean', 'clean', [1, 2, 3]);
    const found = summary().summarise([clean], detectors);
    expect(found?.calibration?.asSaved.count).toBe(3);
    expect(found?.calibration).toMatchObject({ temperature: null, withTemperature: null });
    const report = { conditions: [], detection: found };
    const why = 'every sample of the data is audited: audit half of them';
    expect(posteriorLines(report).join(' ')).toMatch(
      RegExp(`no thresholds set.*No thresholds.*no temperature.*${why}`),
    );
    expect(calibrationTable(report)?.remarks.join(' ')).toContain(why);

    const unscored = finished('baseline', 'baseline', [1]);
    unscored.state = 'running';
    const early = summary().summarise([clean, unscored], detectors);
    expect(early?.splits.thresholdMissing).toBe('The separate clean set has no scores yet.');
    const late = summary().summarise([clean, finished('baseline', 'baseline', [1])], detectors);
    expect(late?.splits).not.toHaveProperty('thresholdMissing');
  });

  test('counts the successes of an attack apart', () => {
    const found = summary().summarise(
      [
        finished('clean', 'clean', [1, 2, 3]),
        finished('attack', 'attack', [0, 9, 8], ['failed', 'succeeded', 'succeeded']),
      ],
      detectors,
    );
    const rows = found?.rows.filter(({ condition }) => condition === 'attack') ?? [];
    expect(rows.map(({ subset, count }) => [subset, count])).toEqual([
      ['all', 3],
      ['succeeded', 2],
    ]);
    expect(rows[1]?.separation?.auroc.value).toBe(1);
    expect(rows[1]?.separation?.baseRate).toBe(0.4);
  });

  test('says nothing before the clean samples have their scores, and no ratio of negative scores', () => {
    expect(summary().summarise([], detectors)).toBeUndefined();
    const found = summary().summarise(
      [finished('clean', 'clean', [-1, 2]), finished('baseline', 'baseline', [1, 2])],
      detectors,
    );
    expect(found?.rows.find(({ condition }) => condition === 'clean')?.ratio).toBeNull();
  });
});
