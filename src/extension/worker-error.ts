import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can go wrong between the editor and its worker process. `worker/crashed` is an end that native
 * code is to blame for; any other end is `worker/ended`.
 */
export type WorkerErrorCode =
  | 'worker/did-not-start'
  | 'worker/protocol-version'
  | 'worker/crashed'
  | 'worker/ended'
  | 'worker/unresponsive';

/** The worker process did not do its part; nothing finished is lost. */
export class WorkerError extends AssayError {
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string, details?: ProblemDetails) {
    super(message, details);
    this.code = code;
  }
}

/** The worker is well, but the audit cannot be done: the worker's own words for the user. */
export class AuditFailure extends AssayError {
  readonly code: string;

  /** @param description place, problem and remedy, ready to be shown */
  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}
