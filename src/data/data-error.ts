import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can be wrong with data. Problems of `.npy` and `.npz` files have the codes of
 * `src/numpy/numpy-error.ts`.
 *
 * - `data/not-found`: there is no such file or folder
 * - `data/not-downloaded`: a Git LFS pointer or a `.dvc` file stands where the content should be
 * - `data/not-idx`: the file does not begin as IDX files do
 * - `data/truncated`: the file ends before its header says
 * - `data/corrupt`: the content cannot be decoded
 * - `data/unsupported`: a variant of a format that is not read here
 * - `data/outside`: a symbolic link leads out of the data folder
 * - `data/empty`: there are no samples
 * - `data/shape-mismatch`: the stored samples do not have the shape of the model's input
 * - `data/count-mismatch`: there are not as many labels as inputs
 * - `data/label-out-of-range`: a label is not one of the model's classes
 * - `data/label-invalid`: a label is no whole number and no one-hot vector
 * - `data/class-unknown`: a class name is not among the names of the configuration
 * - `data/class-count-mismatch`: the data have another number of classes than the model
 * - `data/column-missing`: the table has no such column
 * - `data/table-invalid`: the table is not as csv files are
 * - `data/not-a-number`: a value is NaN, infinite or no number at all
 * - `data/out-of-bounds`: a value lies outside the bounds of the input
 * - `data/not-pictures`: something is done to pictures that the inputs are not
 * - `data/transparent`: a picture has transparent pixels
 */
export type DataErrorCode =
  | 'data/not-found'
  | 'data/not-downloaded'
  | 'data/not-idx'
  | 'data/truncated'
  | 'data/corrupt'
  | 'data/unsupported'
  | 'data/outside'
  | 'data/empty'
  | 'data/shape-mismatch'
  | 'data/count-mismatch'
  | 'data/label-out-of-range'
  | 'data/label-invalid'
  | 'data/class-unknown'
  | 'data/class-count-mismatch'
  | 'data/column-missing'
  | 'data/table-invalid'
  | 'data/not-a-number'
  | 'data/out-of-bounds'
  | 'data/not-pictures'
  | 'data/transparent';

/** A problem with data, see {@link DataErrorCode}. */
export class DataError extends AssayError {
  readonly code: DataErrorCode;

  constructor(code: DataErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
