import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can go wrong with a manifold:
 *
 * - `manifold/unsupported-shape`: the data have a shape that the networks do not fit
 * - `manifold/too-few-samples`: not enough data to train and to hold some back
 * - `manifold/damaged`: a file of a trained manifold or of a checkpoint is not what was written
 * - `manifold/not-trained`: there is no trained manifold for these data and settings
 * - `manifold/diverged`: the training left the finite numbers
 */
export type ManifoldErrorCode =
  | 'manifold/unsupported-shape'
  | 'manifold/too-few-samples'
  | 'manifold/damaged'
  | 'manifold/not-trained'
  | 'manifold/diverged';

/** A problem with training or using a manifold, see {@link ManifoldErrorCode}. */
export class ManifoldError extends AssayError {
  readonly code: ManifoldErrorCode;

  constructor(code: ManifoldErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
