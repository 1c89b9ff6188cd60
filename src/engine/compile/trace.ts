import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../random/random.ts';
import { CompileError } from './compile-error.ts';
import type { Program, Value, ValueSpec } from './program.ts';
import { findDifference } from './program-difference.ts';
import {
  type CapturedVariable,
  recordingBackend,
  recordingBackendName,
} from './recording-backend.ts';

/** A function over tensors, written in TensorFlow.js, without side effects. */
export type TensorFunction = (...inputs: tf.Tensor[]) => readonly tf.Tensor[];

/** A recorded function. */
export interface Trace {
  readonly program: Program;
  /** Variables whose values are part of the program; it is stale once one of them is assigned. */
  readonly variables: readonly CapturedVariable[];
}

/**
 * Records the kernels that a function runs on inputs of these shapes, forward and backward alike.
 * It is recorded twice: constants that differ come from a clock, or from random numbers of another
 * source than the usual one, which a recording would freeze.
 *
 * @throws CompileError when the function reads values that depend on its inputs, draws random
 *   numbers, or uses a kernel without a rule
 */
export function traceFunction(fn: TensorFunction, inputs: readonly ValueSpec[]): Trace {
  // What the first call builds for good, such as the weights of a new layer, may come from chance.
  const first = recordFunction(fn, inputs, 'allowed');
  const second = recordFunction(fn, inputs);
  const difference = findDifference(first.program, second.program);
  if (difference !== undefined) {
    throw new CompileError(
      'compile/random',
      `The function is not the same each time: ${difference}.`,
      { remedy: 'Pass random numbers in as an input.' },
    );
  }
  return second;
}

/** Whether the variables that a recording has read still hold the same values. */
export function isStale({ variables }: Trace): boolean {
  return variables.some(({ variable, dataId }) => variable.dataId !== dataId);
}

/**
 * Records the kernels that a function runs on inputs of these shapes, once: for a function that
 * {@link traceFunction} has found to be the same each time.
 *
 * @throws CompileError as {@link traceFunction}
 */
export function recordFunction(
  fn: TensorFunction,
  inputs: readonly ValueSpec[],
  chance: 'allowed' | 'refused' = 'refused',
): Trace {
  const backend = recordingBackend();
  // Nothing, when no backend has been chosen yet; the type of the library does not say so.
  const previous = tf.getBackend() as string | undefined;
  // Both changes of the backend take effect before the promise returns, since it needs no loading.
  void tf.setBackend(recordingBackendName);
  try {
    backend.begin();
    const parameters = inputs.map(({ shape, type }, index): Value => ({
      shape,
      type,
      origin: { kind: 'argument', index },
    }));
    let trace: Trace | undefined;
    tf.tidy(() => {
      const tensors = parameters.map(value =>
        tf.engine().makeTensorFromTensorInfo(backend.tensorFor(value)),
      );
      const results = withOwnChance(() => fn(...tensors), chance);
      trace = backend.end(parameters, results);
    });
    if (trace === undefined) throw new Error('The recording did not end.');
    return trace;
  } finally {
    if (previous !== undefined) void tf.setBackend(previous);
  }
}

/**
 * Runs a function with random numbers of its own: what a recording draws is taken from nobody's stream,
 * so that a model that draws some itself draws the same ones whether a recording was tried or not.
 *
 * Where chance is refused, the function must not draw. TensorFlow.js seeds each of its generators with one
 * number of `Math.random`; two recordings alone would take a mask of three numbers for a constant once in
 * eight times.
 */
function withOwnChance<Result>(work: () => Result, chance: 'allowed' | 'refused'): Result {
  const { random } = Math;
  const ours = new Random(0, ['recording']);
  let draws = 0;
  Math.random = () => {
    draws++;
    return ours.uniform();
  };
  try {
    const result = work();
    if (draws === 0 || chance === 'allowed') return result;
  } finally {
    Math.random = random;
  }
  throw new CompileError('compile/random', 'The function draws random numbers.', {
    remedy: 'Pass random numbers in as an input.',
  });
}
