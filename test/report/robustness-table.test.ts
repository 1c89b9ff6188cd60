import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classAccuracies, confusionOf } from '../../src/report/confusion.ts';
import {
  classTable,
  curveTables,
  settingWords,
  smallestChangeTable,
  worstCaseTable,
} from '../../src/report/robustness-table.ts';
import { sampleReport } from '../webview/sample-report.ts';

describe('labels against predictions', () => {
  test('every answer is counted once, and the diagonal is the accuracy', () => {
    const answer = fc.record({ label: fc.nat(4), prediction: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(answer), answers => {
        const confusion = confusionOf(answers);
        expect(confusion.reduce((sum, { count }) => sum + count, 0)).toBe(answers.length);
        for (const { label, accuracy } of classAccuracies(confusion)) {
          const own = answers.filter(given => given.label === label);
          expect(accuracy.total).toBe(own.length);
          expect(accuracy.count).toBe(own.filter(({ prediction }) => prediction === label).length);
        }
      }),
    );
  });

  test('names what a class is mostly taken for', () => {
    const [four] = classAccuracies(
      confusionOf([
        { label: 4, prediction: 4 },
        { label: 4, prediction: 9 },
        { label: 4, prediction: 9 },
        { label: 4, prediction: 1 },
      ]),
    );
    expect(four).toMatchObject({ label: 4, accuracy: { count: 1, total: 4 }, mostlyTakenFor: 9 });
  });
});

describe('tables of robustness', () => {
  const report = sampleReport(60);

  test('the worst case at each size, with its interval', () => {
    expect(worstCaseTable(report)?.rows).toEqual([['L2 ≤ 1.00', '75.0% (62.8–84.2)', '1']]);
  });

  test('what all attacks say is marked where they cannot be believed', () => {
    const flag = {
      id: 'gradient-wrong',
      severity: 'error' as const,
      message: 'The gradient is wrong.',
      remedy: 'Try another engine.',
    };
    const masked = { ...report, flags: [flag] };
    const together = worstCaseTable(masked);
    expect(together?.rows.map(row => row[1])).toEqual(['75.0% (62.8–84.2)†']);
    expect(together?.remarks.join()).toContain('† Not to be read as robustness');
    expect(smallestChangeTable(masked)?.rows[0]?.[1]).toBe('1.42†');
    expect(curveTables(masked)[0]?.header).toEqual(['L2 ≤', 'C&W L2 (quick)†']);
    // Where nothing is doubted it is still no more than what these attacks could not break.
    expect(worstCaseTable({ ...report, flags: [] })?.remarks).toEqual([
      'Robust accuracy is an upper bound: what these attacks left right, others may break.',
    ]);
  });

  test('a curve in one number, and what is left after rounding to 8 bits', () => {
    expect(smallestChangeTable(report)?.rows[0]).toEqual([
      'C&W L2 (quick)',
      '1.42',
      '1.42',
      expect.stringMatching(/^\d+\/60$/) as string,
      '30/36',
    ]);
  });

  test('a column for each attack', () => {
    const [table] = curveTables(report);
    expect(table?.header).toEqual(['L2 ≤', 'C&W L2 (quick)']);
    expect(table?.rows.at(-1)).toEqual(['2.00', '40.0%']);
  });

  test('each class under a condition', () => {
    const attack = report.conditions.find(({ kind }) => kind === 'attack');
    const rows = attack === undefined ? undefined : classTable(report, attack)?.rows;
    expect(rows).toHaveLength(10);
    expect(rows?.[3]?.[3]).toBe('4');
  });

  test('settings as words', () => {
    expect(settingWords({ norm: 'Linf', stepSize: 0.1, abortEarly: true })).toBe(
      'norm Linf, step size 0.1, abort early true',
    );
  });
});
