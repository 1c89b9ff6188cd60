import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can go wrong with an audit as a whole:
 *
 * - `audit/no-samples`: the data set is empty
 * - `audit/unknown-attack`: a condition of the configuration names an attack that is not in it
 * - `audit/cannot-write`: no space, or no permission, for report and arrays
 * - `audit/folder-in-use`: a guard was to be written into a folder with other content
 * - `audit/piece-failed`: a piece crashed its thread twice
 */
export type AuditErrorCode =
  | 'audit/no-samples'
  | 'audit/unknown-attack'
  | 'audit/cannot-write'
  | 'audit/folder-in-use'
  | 'audit/piece-failed';

/** A problem of an audit, see {@link AuditErrorCode}. */
export class AuditError extends AssayError {
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, details?: ProblemDetails) {
    super(message, details);
    this.code = code;
  }
}
