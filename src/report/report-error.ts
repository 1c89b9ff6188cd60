import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

export type ReportErrorCode =
  | 'report/not-found'
  | 'report/unreadable'
  | 'report/invalid'
  | 'report/newer'
  | 'report/invalid-marks'
  | 'report/arrays-missing'
  | 'report/no-pictures';

/** A report on disk that cannot be used. */
export class ReportError extends AssayError {
  readonly code: ReportErrorCode;

  constructor(code: ReportErrorCode, message: string, details?: ProblemDetails) {
    super(message, details);
    this.code = code;
  }
}
