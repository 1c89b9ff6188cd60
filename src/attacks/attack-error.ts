import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * `invalid-setting`: a hyper-parameter outside its range. `invalid-inputs`: samples that are not
 * finite, outside the bounds or of another shape than the model's. `invalid-classes`: labels or
 * targets that the model does not have, or not one for each sample.
 */
export type AttackErrorCode =
  'attack/invalid-setting' | 'attack/invalid-inputs' | 'attack/invalid-classes';

/** An attack that cannot start with what it was given. */
export class AttackError extends AssayError {
  readonly code: AttackErrorCode;

  constructor(code: AttackErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
