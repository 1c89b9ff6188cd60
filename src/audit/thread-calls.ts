import type { PieceOutput, PieceTask } from './piece.ts';
import type { GradientReport, SubjectRecord } from './subject.ts';

/** What can be asked of a tensor thread, and what it answers. */
export type ThreadCall =
  | { readonly method: 'describe' }
  | { readonly method: 'sampleIds'; readonly indices: readonly number[] }
  | { readonly method: 'checkGradient'; readonly indices: readonly number[] }
  | { readonly method: 'run'; readonly task: PieceTask };

export type ThreadAnswer =
  | { readonly method: 'describe'; readonly value: SubjectRecord }
  | { readonly method: 'sampleIds'; readonly value: string[] }
  | { readonly method: 'checkGradient'; readonly value: GradientReport }
  | { readonly method: 'run'; readonly value: PieceOutput };

/** What a thread tells while it is at work on a piece. */
export type ThreadNews =
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'phase'; readonly phase: string | undefined };

/** The answer that belongs to a call. */
export type AnswerTo<Method extends ThreadCall['method']> = Extract<
  ThreadAnswer,
  { method: Method }
>['value'];
