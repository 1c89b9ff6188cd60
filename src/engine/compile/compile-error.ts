import { AssayError, type ProblemDetails } from '../../errors/assay-error.ts';

/**
 * Why a function cannot be compiled:
 *
 * - `compile/unsupported-kernel`: a kernel has no rule, or no rule for these attributes
 * - `compile/value-read`: the function reads values of a tensor that depends on its inputs
 * - `compile/random`: the function draws random numbers of its own
 * - `compile/disagreement`: the compiled function does not return what TensorFlow.js returns
 * - `compile/failed`: ONNX Runtime refuses the graph
 */
export type CompileErrorCode =
  | 'compile/unsupported-kernel'
  | 'compile/value-read'
  | 'compile/random'
  | 'compile/disagreement'
  | 'compile/failed';

/** A function that has to run operation by operation, see {@link CompileErrorCode}. */
export class CompileError extends AssayError {
  readonly code: CompileErrorCode;

  constructor(code: CompileErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}

/**
 * A compiled function that is not to be used.
 *
 * @param difference from TensorFlow.js, relative to the largest value
 */
export function disagreementError(difference: number): CompileError {
  return new CompileError(
    'compile/disagreement',
    `It differs from TensorFlow.js by ${difference.toExponential(1)} of the largest value.`,
  );
}

/**
 * A kernel that cannot be lowered.
 *
 * @param kernel name of the kernel in TensorFlow.js
 * @param reason what about it is not supported; left out when the kernel has no rule at all
 */
export function unsupportedKernel(kernel: string, reason?: string): CompileError {
  const why = reason === undefined ? '' : ` with ${reason}`;
  return new CompileError(
    'compile/unsupported-kernel',
    `The kernel ${kernel}${why} cannot be compiled.`,
    { place: { field: kernel } },
  );
}
