import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { softmax } from '../../src/uncertainty/softmax.ts';
import { conditionDetectionTable, thresholdTable } from '../../src/report/detection-table.ts';
import { scoreValue } from '../../src/report/score-value.ts';
import { sampleDetection } from '../webview/sample-detection.ts';
import { sampleReport } from '../webview/sample-report.ts';

/** ODIN's values of ten classes at T = 1000, of a sample without any and one with a sure answer. */
const [unsure, sure] = [2, 14].map(
  largest => -Math.max(...softmax([largest, ...Array<number>(9).fill(-1)], 1000)),
) as [number, number];
const edges = Array.from({ length: 11 }, (_, i) => sure + (i / 10) * (unsure - sure));
const odin = { histogramEdges: { odin: edges } };

describe('a value of a score', () => {
  test('of ODIN at a temperature of 1000 differs from sample to sample', () => {
    expect(sure.toPrecision(3)).toBe('-0.101');
    expect(scoreValue(odin, 'odin', sure)).toBe('-0.10136');
    expect(scoreValue(odin, 'odin', unsure)).toBe('-0.10027');
    expect(new Set(edges.map(edge => scoreValue(odin, 'odin', edge))).size).toBe(edges.length);
  });

  test.each([
    [-7.123_45, [-12, 0], '-7.12'],
    [167.4, [40, 400], '167'],
    [0.005_634, [0, 0.2], '0.00563'],
    [0.000_680_2, [0, 0.6], '6.80e-4'],
    [1000.4, [1000, 1001], '1000.40'],
    [12, [5, 5], '12.0'],
    [0, [-1, 1], '0'],
    // No more than is kept of a sample.
    [0.5, [0.5, 0.5 + 1e-13], '0.5000000'],
  ])('%d within %j is %s', (value, histogram, words) => {
    expect(scoreValue({ histogramEdges: { energy: histogram } }, 'energy', value)).toBe(words);
  });

  test('of a score without a histogram has three digits', () => {
    expect(scoreValue({ histogramEdges: {} }, 'energy', 1.234_56)).toBe('1.23');
  });

  test('is not the same for values that are a fiftieth of the spread apart', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1000, max: 1000, noNaN: true }),
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 0.98, noNaN: true }),
        (lower, spread, share) => {
          const detection = { histogramEdges: { odin: [lower, lower + spread] } };
          const value = lower + share * spread;
          const other = value + spread / 50;
          expect(scoreValue(detection, 'odin', value)).not.toBe(
            scoreValue(detection, 'odin', other),
          );
        },
      ),
    );
  });
});

test('tables write means, intervals and thresholds with as many digits', () => {
  const report = sampleReport(10);
  const [clean] = report.conditions;
  if (clean === undefined) throw new Error('The report has no conditions.');
  const whole = sampleDetection('attack', 10);
  const [row] = whole.rows;
  if (row === undefined) throw new Error('The detection has no rows.');
  const detection = {
    ...whole,
    ...odin,
    rows: [
      {
        ...row,
        condition: clean.id,
        score: 'odin',
        mean: { value: -0.100_812, lower: -0.100_83, upper: -0.100_791 },
      },
    ],
    thresholds: [
      {
        score: 'odin',
        value: -0.100_554,
        targetRate: 0.05,
        calibrationRate: 0.05,
        realised: { count: 1, total: 10, value: 0.1, lower: 0, upper: 0.4 },
      },
    ],
  };
  const table = conditionDetectionTable({ ...report, detection }, clean, 'all');
  expect(table?.rows[0]?.[1]).toBe('-0.10081 (-0.10083 to -0.10079)');
  expect(thresholdTable({ ...report, detection })?.rows[0]?.[2]).toBe('-0.10055');
});
