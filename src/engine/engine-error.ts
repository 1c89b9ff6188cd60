import { AssayError, type ProblemDetails } from '../errors/assay-error.ts';

/**
 * What can go wrong with tensors:
 *
 * - `engine/unavailable`: the engine that was asked for is not installed or does not start here
 * - `engine/unknown-provider`: ONNX Runtime was to compute on something that it does not know
 * - `engine/out-of-memory`: even one sample at a time does not fit in memory
 * - `engine/unsupported-operation`: an operation of the model has no implementation on this engine
 * - `engine/gradient-unavailable`: an operation of the model has no gradient
 * - `engine/failed`: the tensor library failed in a way that we do not know
 * - `engine/disposed`: the engine or the function was used after it had been closed
 * - `engine/thread-crashed`: a thread died with the task in hand
 * - `engine/cancelled`: the caller asked to stop
 */
export type EngineErrorCode =
  | 'engine/unavailable'
  | 'engine/unknown-provider'
  | 'engine/out-of-memory'
  | 'engine/unsupported-operation'
  | 'engine/gradient-unavailable'
  | 'engine/failed'
  | 'engine/disposed'
  | 'engine/thread-crashed'
  | 'engine/cancelled';

/** A problem of the engine, see {@link EngineErrorCode}. */
export class EngineError extends AssayError {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, details: ProblemDetails = {}) {
    super(message, details);
    this.code = code;
  }
}

const missingKernel = /Kernel '([^']+)' not registered for backend '([^']+)'/;
const missingGradient = /gradient function not found for (\w+)/;

/**
 * Gives an error of the tensor library a code and words that a user understands. An error that has
 * them already is returned as it is.
 *
 * @param activity what was being computed, for example `gradient of cross-entropy`
 */
export function asEngineError(error: unknown, activity: string): AssayError {
  if (error instanceof AssayError) return error;
  const message = error instanceof Error ? error.message : String(error);

  const [, kernel, backend] = missingKernel.exec(message) ?? [];
  if (kernel !== undefined) {
    return new EngineError(
      'engine/unsupported-operation',
      `The operation ${kernel}, which ${activity} needs, does not exist on the engine ${backend ?? ''}.`,
      { place: { field: kernel }, remedy: 'Choose another engine in the settings.', cause: error },
    );
  }
  const [, operation] = missingGradient.exec(message) ?? [];
  if (operation !== undefined) {
    return new EngineError(
      'engine/gradient-unavailable',
      `The operation ${operation}, which ${activity} passes through, has no gradient.`,
      {
        place: { field: operation },
        remedy: 'Attacks that need gradients cannot run on this model.',
        cause: error,
      },
    );
  }
  return new EngineError('engine/failed', `The engine failed in ${activity}: ${message}`, {
    cause: error,
  });
}
