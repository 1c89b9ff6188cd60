import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  changeMark,
  formatMarks,
  marksFileName,
  readMarks,
  withMarks,
  type AdversaryMark,
} from '../../src/report/adversary-marks.ts';
import type { AuditReport, SampleRecord } from '../../src/report/audit-report.ts';
import { naturalTable } from '../../src/report/manifold-table.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { sampleReport } from '../webview/sample-report.ts';

const condition = 'natural-gradient';

/** A report with a natural adversary for each sample, named as given; undefined: none was found. */
function reportWith(adversaries: readonly (string | undefined)[]): AuditReport {
  const report = sampleReport(adversaries.length);
  const samples = report.samples.map((sample, i): SampleRecord => {
    const adversary = adversaries[i];
    const result = {
      prediction: 3,
      confidence: 0.5,
      ...(adversary === undefined
        ? { outcome: 'failed' as const }
        : { outcome: 'succeeded' as const, adversary }),
    };
    return { ...sample, conditions: { ...sample.conditions, [condition]: result } };
  });
  return {
    ...report,
    samples,
    manifold: {
      trained: true,
      key: 'k',
      description: 'A manifold.',
      latentSize: 4,
      steps: 100,
      seconds: 1,
      heldOutError: 1,
      errorOfMean: 10,
      corrections: [],
      naturalAdversaries: [{ condition, medianLatentDistance: 1, meanQueries: 90 }],
    },
  };
}

const mark = (
  sample: number,
  adversary: string,
  looksLikeLabel: AdversaryMark['looksLikeLabel'],
): AdversaryMark => ({ condition, sample, adversary, looksLikeLabel });

function marksOf(report: AuditReport) {
  return report.manifold?.trained === true
    ? report.manifold.naturalAdversaries[0]?.marks
    : undefined;
}

describe('marks of natural adversaries', () => {
  const report = reportWith(['a', 'b', 'c', 'd', 'e', 'f', undefined]);

  test('are summed up, unsure ones apart, with the Wilson interval', () => {
    const marks = [
      mark(0, 'a', 'yes'),
      mark(1, 'b', 'yes'),
      mark(2, 'c', 'yes'),
      mark(3, 'd', 'no'),
      mark(4, 'e', 'unsure'),
    ];
    const summary = marksOf(withMarks(report, marks));
    expect(summary).toMatchObject({ yes: 3, no: 1, unsure: 1, adversaries: 6 });
    // 3 of 4, as R's prop.test has it without continuity correction.
    expect(summary?.keptLabel).toMatchObject({ count: 3, total: 4, value: 0.75 });
    expect(summary?.keptLabel.lower).toBeCloseTo(0.3006, 4);
    expect(summary?.keptLabel.upper).toBeCloseTo(0.9544, 4);
  });

  test('stand with the sample, and in the table of the terminal', () => {
    const marked = withMarks(report, [mark(1, 'b', 'no'), mark(2, 'c', 'unsure')]);
    const told = marked.samples.map(({ conditions }) => conditions[condition]?.looksLikeLabel);
    expect(told.slice(0, 4)).toEqual([undefined, 'no', 'unsure', undefined]);
    const table = naturalTable(marked);
    expect(table?.rows[0]?.slice(-2)).toEqual(['2 of 6, 1 unsure', '0.0% (0.0–79.3)']);
  });

  test('hold for the adversary that was looked at and no other', () => {
    const marks = [mark(0, 'a', 'yes'), mark(1, 'b', 'yes')];
    const rerun = reportWith(['a', 'another', 'c']);
    const marked = withMarks(rerun, marks);
    expect(marksOf(marked)).toMatchObject({ yes: 1, no: 0 });
    expect(marked.samples[1]?.conditions[condition]?.looksLikeLabel).toBeUndefined();
    // A report that has old marks in it loses what no longer holds.
    expect(marksOf(withMarks(marked, []))).toMatchObject({ yes: 0 });
    expect(withMarks(marked, []).samples[0]?.conditions[condition]?.looksLikeLabel).toBeUndefined();
  });

  test('are replaced and taken back; those of changed adversaries go, those of absent samples stay', () => {
    const rerun = reportWith(['a', 'another']);
    const before = [mark(0, 'a', 'yes'), mark(1, 'b', 'yes'), mark(40, 'z', 'no')];
    const place = { condition, sample: 0, adversary: 'a' };
    expect(changeMark(before, rerun, { ...place, looksLikeLabel: 'no' })).toEqual([
      mark(40, 'z', 'no'),
      mark(0, 'a', 'no'),
    ]);
    expect(changeMark(before, rerun, { ...place, looksLikeLabel: undefined })).toEqual([
      mark(40, 'z', 'no'),
    ]);
  });

  test('survive being written and read; without a file there are none, and a damaged one is an error', async () => {
    const folder = await temporaryFolder();
    expect(await readMarks(folder)).toEqual([]);
    const marks = [mark(0, 'a', 'yes'), mark(5, 'f', 'unsure')];
    await writeFile(join(folder, marksFileName), formatMarks(marks));
    expect(await readMarks(folder)).toEqual(marks);
    for (const damaged of ['{', '{"version":2,"marks":[]}', '{"version":1,"marks":[{}]}']) {
      await writeFile(join(folder, marksFileName), damaged);
      await expect(readMarks(folder)).rejects.toMatchObject({ code: 'report/invalid-marks' });
    }
  });
});
