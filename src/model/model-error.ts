import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can be wrong with a saved model:
 *
 * - `model/not-found`: there is no file at the path
 * - `model/not-tfjs`: the file is something else (the message says what, where it is recognisable)
 * - `model/invalid`: the file claims to be a TensorFlow.js model, but a part of it is wrong
 * - `model/not-downloaded`: a Git LFS pointer or a `.dvc` file stands where the content should be
 * - `model/shard-missing`, `model/shard-truncated`, `model/shard-too-long`
 * - `model/shard-outside`: a shard lies outside the model's folder
 * - `model/too-large`: more than can be read into memory
 * - `model/weight-not-finite`: a weight holds NaN or infinity
 * - `model/unknown-layer`, `model/unknown-operation`: TensorFlow.js has no such layer or operation
 * - `model/keras-3`: a configuration of Keras 3, which TensorFlow.js cannot read
 * - `model/unsupported`: the model does something that Assay cannot attack
 * - `model/input-open`: the model leaves the size of its input open and none was given
 * - `model/input-mismatch`: the given shape or preprocessing does not fit the input
 * - `model/output-ambiguous`, `model/output-unknown`: which output holds the classes is not clear
 * - `model/not-a-classifier`: no output is one score for each class
 * - `model/failed`: the model cannot be built or run, for a reason that we do not know
 */
export type ModelErrorCode =
  | 'model/not-found'
  | 'model/not-tfjs'
  | 'model/invalid'
  | 'model/not-downloaded'
  | 'model/shard-missing'
  | 'model/shard-truncated'
  | 'model/shard-too-long'
  | 'model/shard-outside'
  | 'model/too-large'
  | 'model/weight-not-finite'
  | 'model/unknown-layer'
  | 'model/unknown-operation'
  | 'model/keras-3'
  | 'model/unsupported'
  | 'model/input-open'
  | 'model/input-mismatch'
  | 'model/output-ambiguous'
  | 'model/output-unknown'
  | 'model/not-a-classifier'
  | 'model/failed';

/** A problem with a saved model, see {@link ModelErrorCode}. */
export class ModelError extends AssayError {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
