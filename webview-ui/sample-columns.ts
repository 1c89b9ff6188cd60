import { html, nothing } from 'lit';
import type { SampleOrder } from '../src/protocol/panel-protocol.ts';
import type { Condition, SampleCondition, SampleRecord } from '../src/report/audit-report.ts';
import { className } from '../src/report/prediction-record.ts';
import { scientific } from '../src/report/wording.ts';
import './picture.ts';
import type { SampleSource } from './sample-source.ts';
import { answer, outcomeWords } from './sample-words.ts';

/** A column: its title, what it is ordered by, and what it shows of a sample. */
export interface Column {
  readonly title: string;
  readonly explanation?: string;
  readonly by?: SampleOrder['by'];
  readonly number?: boolean;
  readonly onlyChanged?: boolean;
  readonly cell: (sample: SampleRecord) => unknown;
}

/** What the columns of the samples depend on. */
export interface ColumnContext {
  /** Undefined: the clean samples. */
  readonly condition: Condition | undefined;
  readonly classNames: readonly string[];
  readonly hasPictures: boolean;
  readonly source: SampleSource | undefined;
}

/** The columns that tell of a condition: of an attack also its outcomes, of a change its size. */
export function sampleColumns(context: ColumnContext): Column[] {
  const { condition, classNames } = context;
  const id = condition?.id ?? 'clean';
  const kind = condition?.kind;
  const clean = kind === 'baseline' ? 'baseline' : 'clean';
  const isAttacked = kind === 'attack' || kind === 'natural';
  const isChanged = isAttacked || kind === 'control' || kind === 'corruption';
  const norm = condition?.distance?.norm ?? 'L2';
  const result = (sample: SampleRecord): SampleCondition | undefined => sample.conditions[id];
  const score = (name: string) => (sample: SampleRecord) =>
    scientific(result(sample)?.scores?.[name] ?? null);
  return [
    { title: 'Sample', by: 'index', cell: ({ id: name }) => name },
    { title: 'Label', by: 'label', cell: ({ label }) => className(label, classNames) },
    ...(context.hasPictures ? pictureColumns(context, clean, isChanged ? id : undefined) : []),
    { title: 'Clean answer', cell: sample => answerCell(sample, clean, classNames) },
    ...(isChanged
      ? [
          {
            title: isAttacked ? 'Under attack' : 'Changed',
            by: 'confidence',
            cell: sample => answerCell(sample, id, classNames),
          } satisfies Column,
        ]
      : []),
    ...(isAttacked
      ? [
          {
            title: 'Outcome',
            by: 'outcome',
            cell: sample => outcomeCell(result(sample)),
          } satisfies Column,
        ]
      : []),
    ...(kind === 'natural'
      ? [
          {
            title: 'Still its label?',
            explanation: 'To whoever looked at it. Keys on a row: Y, N, U',
            cell: sample => result(sample)?.looksLikeLabel ?? '',
          } satisfies Column,
        ]
      : []),
    ...(isChanged
      ? [
          {
            title: norm.replace('Linf', 'L∞'),
            explanation: 'Size of the perturbation, input units',
            by: 'distance',
            number: true,
            cell: sample => scientific(result(sample)?.distance?.[norm] ?? null),
          } satisfies Column,
        ]
      : []),
    {
      title: 'MI',
      explanation: 'Mutual information, nats: higher is further out of distribution',
      by: 'score:mutual-information',
      number: true,
      cell: score('mutual-information'),
    },
    {
      title: 'SMV',
      explanation: 'Softmax variance: higher is further out of distribution',
      by: 'score:softmax-variance',
      number: true,
      cell: score('softmax-variance'),
    },
  ];
}

/** @param changed condition whose adversaries stand beside the clean samples */
function pictureColumns(
  { source }: ColumnContext,
  clean: string,
  changed: string | undefined,
): Column[] {
  const picture =
    (condition: string, label: string, reference?: string) => (sample: SampleRecord) => {
      const pictures = source?.picturesOf(sample.index);
      return html`<assay-picture
        .values=${pictures?.inputs[condition]}
        .reference=${reference === undefined ? undefined : pictures?.inputs[reference]}
        .shape=${pictures?.shape ?? []}
        .bounds=${pictures?.bounds ?? [0, 1]}
        label=${`${label} of sample ${sample.id}`}
      ></assay-picture>`;
    };
  const sample: Column = {
    title: '',
    explanation: 'Clean sample',
    cell: picture(clean, 'Picture'),
  };
  if (changed === undefined) return [sample];
  return [
    sample,
    { title: '', explanation: 'Adversary', cell: picture(changed, 'Adversary') },
    {
      title: '',
      explanation: 'Difference, amplified',
      cell: picture(changed, 'Amplified difference', clean),
    },
  ];
}

function answerCell(
  { label, conditions }: SampleRecord,
  condition: string,
  classNames: readonly string[],
): unknown {
  const result = conditions[condition];
  const wrong = result !== undefined && result.prediction !== label;
  return html`<span class=${wrong ? 'wrong' : ''}
    >${answer(result, classNames)}${
      wrong ? html`<span class="visually-hidden"> wrong</span>` : nothing
    }</span
  >`;
}

function outcomeCell(result: SampleCondition | undefined): string {
  return result?.outcome === undefined ? '' : outcomeWords[result.outcome];
}
