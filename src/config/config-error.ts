import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/** What can be wrong with a configuration. */
export type ConfigErrorCode =
  | 'config/not-found'
  | 'config/unreadable'
  | 'config/syntax'
  | 'config/invalid'
  | 'config/outside-folder'
  | 'config/unknown-model';

/** A problem of `assay.config.json`, with its place in the file. */
export class ConfigError extends AssayError {
  readonly code: ConfigErrorCode;

  constructor(code: ConfigErrorCode, message: string, details?: ProblemDetails) {
    super(message, details);
    this.code = code;
  }
}
