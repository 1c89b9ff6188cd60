import { AssayError, type ProblemPlace } from '../errors/assay-error.ts';
import { type PieceTask } from './piece.ts';

/** What can be asked of a tensor thread. */
export type ThreadCall =
  | { readonly method: 'describe' }
  | { readonly method: 'sampleIds'; readonly indices: readonly number[] }
  | { readonly method: 'checkGradient'; readonly indices: readonly number[] }
  | { readonly method: 'run'; readonly task: PieceTask };

export type ToThread =
  | { readonly kind: 'call'; readonly id: number; readonly call: ThreadCall }
  | { readonly kind: 'cancel'; readonly id: number };

/** An error as it crosses threads: classes do not. */
export interface ThreadFailure {
  readonly code: string;
  readonly message: string;
  readonly place: ProblemPlace;
  readonly remedy: string | undefined;
}

export type FromThread =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: ThreadFailure }
  | { readonly kind: 'progress'; readonly id: number; readonly fraction: number };

/** An error of a tensor thread, with the code, place and remedy that it had there. */
export class ThreadError extends AssayError {
  readonly code: string;

  constructor({ code, message, place, remedy }: ThreadFailure) {
    super(message, { place, ...(remedy === undefined ? {} : { remedy }) });
    this.code = code;
  }
}
