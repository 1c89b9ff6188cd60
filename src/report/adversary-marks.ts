import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { AuditReport, SampleRecord } from './audit-report.ts';
import { LooksLikeLabelSchema, type MarkSummary } from './manifold-record.ts';
import { ReportError } from './report-error.ts';
import { proportion } from './statistics.ts';

/** Name of the file of marks, beside the report. */
export const marksFileName = 'marks.json';

/** What someone said of one natural adversary. */
const MarkSchema = v.object({
  /** Id of the condition. */
  condition: v.string(),
  /** Index of the sample in the data set. */
  sample: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Which adversary was looked at, as the report has it. Another one needs another look. */
  adversary: v.string(),
  looksLikeLabel: LooksLikeLabelSchema,
});

const MarksSchema = v.object({ version: v.literal(1), marks: v.array(MarkSchema) });

export type AdversaryMark = v.InferOutput<typeof MarkSchema>;

/**
 * The marks that lie beside a report; none where there is no file.
 *
 * @param folder absolute folder of the report
 * @throws ReportError `report/invalid-marks` when the file is there but holds none
 */
export async function readMarks(folder: string): Promise<AdversaryMark[]> {
  const path = join(folder, marksFileName);
  try {
    return v.parse(MarksSchema, JSON.parse(await readFile(path, 'utf8'))).marks;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw new ReportError('report/invalid-marks', 'The marks of adversaries cannot be read.', {
      place: { file: path },
      remedy: 'Mend the file, or remove it to start anew.',
      cause,
    });
  }
}

/** The content of the file of marks. */
export function formatMarks(marks: readonly AdversaryMark[]): string {
  return `${JSON.stringify({ version: 1, marks }, undefined, 1)}\n`;
}

/**
 * Marks with one more. An earlier mark of the same sample and condition goes, and so does every mark
 * whose adversary is another one by now.
 *
 * @param looksLikeLabel undefined takes the mark back
 */
export function changeMark(
  marks: readonly AdversaryMark[],
  { samples }: Pick<AuditReport, 'samples'>,
  {
    looksLikeLabel,
    ...place
  }: Omit<AdversaryMark, 'looksLikeLabel'> & {
    readonly looksLikeLabel: AdversaryMark['looksLikeLabel'] | undefined;
  },
): AdversaryMark[] {
  const bySample = new Map(samples.map(sample => [sample.index, sample]));
  const others = marks.filter(mark => {
    const now = bySample.get(mark.sample)?.conditions[mark.condition];
    const isOutdated = now !== undefined && now.adversary !== mark.adversary;
    const isSame = mark.sample === place.sample && mark.condition === place.condition;
    return !isOutdated && !isSame;
  });
  return looksLikeLabel === undefined ? others : [...others, { ...place, looksLikeLabel }];
}

/** The report with the marks in its samples, and summed up; marks of other adversaries are left out. */
export function withMarks(report: AuditReport, marks: readonly AdversaryMark[]): AuditReport {
  const { manifold } = report;
  if (manifold?.trained !== true || manifold.naturalAdversaries.length === 0) return report;
  const known = new Map(marks.map(mark => [keyOf(mark), mark.looksLikeLabel]));
  const samples = report.samples.map((sample): SampleRecord => {
    const conditions = Object.entries(sample.conditions).map(([condition, result]) => {
      const { adversary, looksLikeLabel: _, ...rest } = result;
      if (adversary === undefined) return [condition, result] as const;
      const mark = known.get(keyOf({ condition, sample: sample.index, adversary }));
      return [
        condition,
        { ...rest, adversary, ...(mark === undefined ? {} : { looksLikeLabel: mark }) },
      ] as const;
    });
    return { ...sample, conditions: Object.fromEntries(conditions) };
  });
  const naturalAdversaries = manifold.naturalAdversaries.map(search => ({
    ...search,
    marks: summariseMarks(search.condition, samples),
  }));
  return {
    ...report,
    samples,
    manifold: { ...manifold, marksFile: marksFileName, naturalAdversaries },
  };
}

function keyOf({ condition, sample, adversary }: Omit<AdversaryMark, 'looksLikeLabel'>): string {
  return `${sample} ${adversary} ${condition}`;
}

function summariseMarks(condition: string, samples: readonly SampleRecord[]): MarkSummary {
  const found = samples.flatMap(({ conditions }) => {
    const result = conditions[condition];
    return result?.adversary === undefined ? [] : [result];
  });
  const count = (mark: AdversaryMark['looksLikeLabel']): number =>
    found.filter(({ looksLikeLabel }) => looksLikeLabel === mark).length;
  const [yes, no] = [count('yes'), count('no')];
  return {
    yes,
    no,
    unsure: count('unsure'),
    adversaries: found.length,
    keptLabel: proportion(yes, yes + no),
  };
}
