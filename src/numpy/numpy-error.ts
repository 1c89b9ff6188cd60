import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can be wrong with files of NumPy:
 *
 * - `numpy/not-found`: there is no file at the path
 * - `numpy/not-numpy`: the file is no `.npy` array or no `.npz` archive
 * - `numpy/corrupt`: the file is damaged or ends too early
 * - `numpy/unsupported`: a dtype or a compression that is not read here
 * - `numpy/array-missing`: the archive has no array of that name
 * - `numpy/value-too-large`: a 64-bit integer beyond 2⁵³
 * - `numpy/no-space`: the disk is full
 * - `numpy/not-written`: the file cannot be written for another reason
 */
export type NumpyErrorCode =
  | 'numpy/not-found'
  | 'numpy/not-numpy'
  | 'numpy/corrupt'
  | 'numpy/unsupported'
  | 'numpy/array-missing'
  | 'numpy/value-too-large'
  | 'numpy/no-space'
  | 'numpy/not-written';

/** A problem with a file of NumPy, see {@link NumpyErrorCode}. */
export class NumpyError extends AssayError {
  readonly code: NumpyErrorCode;

  constructor(code: NumpyErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
