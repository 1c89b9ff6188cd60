import { sizeOf } from '../arrays/batch.ts';
import { ModelError } from './model-error.ts';

/** Shape of an input as the user sees it and as the model takes it; equal up to axes of length 1. */
export interface ResolvedInputShape {
  readonly inputShape: readonly number[];
  readonly modelShape: readonly number[];
}

/**
 * Settles the shape of one input.
 *
 * @param modelShape as saved, without the batch axis; `null` where open, `undefined` when unknown
 * @param given as configured
 * @throws ModelError `model/input-open`, `model/input-mismatch`
 */
export function resolveInputShape(
  modelShape: readonly (number | null)[] | undefined,
  given: readonly number[] | undefined,
  file: string,
): ResolvedInputShape {
  if (given === undefined) {
    if (modelShape?.every(length => length !== null) !== true) throw inputOpen(modelShape, file);
    return { inputShape: modelShape, modelShape };
  }
  if (modelShape === undefined || fits(given, modelShape)) {
    return { inputShape: given, modelShape: given };
  }
  const closed = modelShape.filter(length => length !== null);
  if (closed.length === modelShape.length && isSameWithoutOnes(given, closed)) {
    return { inputShape: given, modelShape: closed };
  }
  throw new ModelError(
    'model/input-mismatch',
    `The configuration gives inputs of shape ${show(given)}, but the model takes ${show(modelShape)}.`,
    { place: { file }, remedy: 'Correct or leave out the shape in the configuration.' },
  );
}

function fits(given: readonly number[], open: readonly (number | null)[]): boolean {
  return (
    given.length === open.length &&
    open.every((length, axis) => length === null || length === given[axis])
  );
}

function isSameWithoutOnes(a: readonly number[], b: readonly number[]): boolean {
  const longer = (shape: readonly number[]): string => shape.filter(n => n !== 1).join();
  return sizeOf(a) === sizeOf(b) && longer(a) === longer(b);
}

function inputOpen(modelShape: readonly (number | null)[] | undefined, file: string): ModelError {
  const shape = modelShape === undefined ? '' : ` (${show(modelShape)})`;
  return new ModelError(
    'model/input-open',
    `The model leaves the shape of its input open${shape}.`,
    { place: { file }, remedy: 'Give the shape of the input in the configuration.' },
  );
}

function show(shape: readonly (number | null)[]): string {
  return `[${shape.map(length => length ?? 'open').join(', ')}]`;
}
