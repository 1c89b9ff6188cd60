import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

export type EditorErrorCode =
  'editor/not-a-model' | 'editor/outside-workspace' | 'editor/not-trusted' | 'editor/no-config';

/** What was asked for cannot be done here, for a reason that lies with the workspace. */
export class EditorError extends AssayError {
  readonly code: EditorErrorCode;

  constructor(code: EditorErrorCode, message: string, details?: ProblemDetails) {
    super(message, details);
    this.code = code;
  }
}
