import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/** What can go wrong while uncertainty is measured. */
export type UncertaintyErrorCode =
  | 'uncertainty/not-finite'
  | 'uncertainty/too-few-samples'
  | 'uncertainty/unequal-passes'
  | 'uncertainty/unknown-layer'
  | 'uncertainty/unsupported-layer';

/** A posterior, a score or a metric of detection that cannot be computed as asked. */
export class UncertaintyError extends AssayError {
  override readonly code: UncertaintyErrorCode;

  constructor(code: UncertaintyErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
