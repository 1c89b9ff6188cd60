import { describe, expect, test } from 'vitest';
import { conditionTable, renderMarkdown, renderText } from '../../src/report/condition-table.ts';
import { proportion } from '../../src/report/statistics.ts';
import {
  age,
  distance,
  duration,
  medianDistance,
  percentWithInterval,
  ratio,
  scientific,
  significant,
  summaryLine,
} from '../../src/report/wording.ts';
import { sampleReport } from '../webview/sample-report.ts';

describe('numbers in words', () => {
  test.each([
    [0.0245, '0.0245'],
    [6.8e-4, '6.80e-4'],
    [1.6531, '1.65'],
    [0, '0'],
    [null, '–'],
    [Infinity, '–'],
  ])('%s is %s', (value, words) => {
    expect(scientific(value)).toBe(words);
  });

  test.each([
    [2.756, '2.8'],
    [99.6, '100'],
    [184.2, '184'],
    [12_345, '12345'],
    [0.0123, '0.012'],
  ])('%d to two significant digits is %s, without an exponent', (value, words) => {
    expect(significant(value, 2)).toBe(words);
  });

  test('the interval stands beside the value', () => {
    expect(percentWithInterval(proportion(98, 100))).toBe('98.0% (93.0–99.4)');
    expect(percentWithInterval(proportion(0, 0))).toBe('–');
    expect(percentWithInterval(null)).toBe('–');
  });

  test('a median without successes is infinite, a ratio without baseline unknown', () => {
    expect(distance(null)).toBe('∞');
    expect(ratio(null)).toBe('–');
    expect(ratio(2.758)).toBe('2.76×');
  });

  test.each([
    [3.21, '3.2 s'],
    [59.4, '59 s'],
    [125, '2 min 5 s'],
    [4320, '1 h 12 min'],
  ])('%s seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  test.each([
    ['2026-01-01T00:00:00Z', '1 day ago'],
    ['2026-01-01T23:00:00Z', '1 hour ago'],
    ['2026-01-01T23:58:00Z', '2 minutes ago'],
    ['2026-01-01T23:59:59Z', 'just now'],
  ])('%s was %s', (then, words) => {
    expect(age(then, new Date('2026-01-02T00:00:00Z'))).toBe(words);
  });
});

describe('a report in words', () => {
  const report = sampleReport(100);

  test('one line for a lens', () => {
    expect(summaryLine(report)).toMatch(
      /^clean 100\.0% \(96\.3–100\.0\) · C&W L2 \(quick\) \d+\.\d% \(\d+\.\d–\d+\.\d\), median L2 1\.42$/,
    );
  });

  test('an accuracy that a flag takes back says so wherever it is shown', () => {
    const attack = report.conditions.find(({ kind }) => kind === 'attack')?.id ?? '';
    const flag = {
      id: 'gradient-unavailable',
      condition: attack,
      severity: 'error' as const,
      message: 'No gradient.',
      remedy: 'Add Square.',
    };
    const masked = { ...report, flags: [flag] };
    expect(summaryLine(masked)).toMatch(/\(not to be relied upon\)$/);
    const { rows, remarks } = conditionTable(masked);
    expect(rows.filter(row => row[2]?.endsWith('†'))).toHaveLength(1);
    expect(remarks.join()).toContain('†');
    const { rows: unmasked } = conditionTable({ ...report, flags: [] });
    expect(unmasked.flat().join()).not.toContain('†');
  });

  test('no median of an attack that uses up its budget: ∞ would say that nothing breaks the model', () => {
    const attack = report.conditions.find(({ kind }) => kind === 'attack');
    if (attack?.attack === undefined) throw new Error('the sample report has an attack');
    const distance = { norm: 'Linf' as const, median: null, meanOfSuccesses: null };
    const resisted = { ...attack, distance };
    expect(medianDistance(resisted)).toBe('L∞ ∞');
    const within = { ...resisted, attack: { ...attack.attack, kind: 'fixed-budget' as const } };
    expect(medianDistance(within)).toBe('');
  });

  test('a row for each condition, the columns aligned', () => {
    const lines = renderText(conditionTable(report)).split('\n');
    expect(lines).toHaveLength(2 + report.conditions.length);
    expect(lines[0]).toMatch(/^condition +samples +accuracy \(95%\)/);
    expect(lines[3]).toMatch(/^C&W L2 \(quick\) +100\/100 /);
  });

  test('Markdown has as many cells in each line', () => {
    const lines = renderMarkdown(conditionTable(report)).split('\n');
    const cells = lines.map(line => line.split('|').length);
    expect(new Set(cells).size).toBe(1);
  });
});
