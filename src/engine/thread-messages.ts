import { AssayError, type ProblemPlace } from '../errors/assay-error.ts';

/** What a pool says to a thread. */
export type ThreadInstruction<Request> =
  | { readonly type: 'run'; readonly task: number; readonly request: Request }
  | { readonly type: 'cancel'; readonly task: number };

/** What a thread says to its pool. */
export type ThreadReport<Response, Progress> =
  | { readonly type: 'progress'; readonly task: number; readonly progress: Progress }
  | { readonly type: 'done'; readonly task: number; readonly response: Response }
  | { readonly type: 'failed'; readonly task: number; readonly problem: SerializedProblem };

/** An error without its class and stack, which do not travel between threads. */
export interface SerializedProblem {
  /** Code of an AssayError; missing for an error that nobody expected. */
  readonly code?: string;
  readonly message: string;
  readonly place?: ProblemPlace;
  readonly remedy?: string;
}

/** An AssayError that was thrown in another thread, with all that a user sees of it. */
export class RemoteError extends AssayError {
  readonly code: string;

  constructor(problem: SerializedProblem) {
    super(problem.message, problem);
    this.code = problem.code ?? 'engine/failed';
  }
}

export function serializeProblem(error: unknown): SerializedProblem {
  if (!(error instanceof AssayError)) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, place, remedy } = error;
  return { code, message, place, ...(remedy !== undefined && { remedy }) };
}
