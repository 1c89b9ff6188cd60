import { expect, test } from 'vitest';
import { conditionDetectionTable } from '../../src/report/detection-table.ts';
import { sampleDetection } from '../webview/sample-detection.ts';
import { sampleReport } from '../webview/sample-report.ts';

test('an interval below zero is written with a word, since a dash beside a minus is misread', () => {
  const report = sampleReport(10);
  const [clean] = report.conditions;
  if (clean === undefined) throw new Error('The report has no conditions.');
  const detection = sampleDetection('attack', 10);
  const rows = detection.rows.map(row =>
    row.score === 'energy' ? { ...row, mean: { value: -6, lower: -7, upper: -5 } } : row,
  );
  const table = conditionDetectionTable(
    { ...report, detection: { ...detection, rows } },
    clean,
    'all',
  );
  expect(table?.rows.map(([score, mean]) => [score, mean])).toEqual([
    ['MI', '0.0300 (0.0270–0.0330)'],
    ['Energy', '-6.00 (-7.00 to -5.00)'],
  ]);
});
