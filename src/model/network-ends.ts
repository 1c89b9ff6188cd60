import { ModelError } from './model-error.ts';

/** An output that could hold the classes. */
export interface OutputCandidate {
  /** Names that a user may give it, the best one first. */
  readonly names: readonly string[];
  /** The activation at its end. */
  readonly activation: string;
}

/**
 * Chooses the output that holds the classes: the one that was named, the only one, or the only one
 * that ends in a softmax.
 *
 * @returns its index
 * @throws ModelError `model/output-unknown`, `model/output-ambiguous`
 */
export function chooseOutput(
  candidates: readonly OutputCandidate[],
  name: string | undefined,
  file: string,
): number {
  const list = candidates
    .map(({ names, activation }) => `${names[0] ?? '?'} (${activation})`)
    .join(', ');
  if (name !== undefined) {
    const index = candidates.findIndex(({ names }) => names.includes(name));
    if (index >= 0) return index;
    throw new ModelError('model/output-unknown', `The model has no output ${name}.`, {
      place: { file },
      remedy: `Name one of its outputs: ${list}.`,
    });
  }
  if (candidates.length === 1) return 0;
  const withSoftmax = candidates.flatMap(({ activation }, index) =>
    activation === 'softmax' ? [index] : [],
  );
  const [only, ...others] = withSoftmax;
  if (only !== undefined && others.length === 0) return only;
  throw new ModelError(
    'model/output-ambiguous',
    `The model has ${candidates.length} outputs, and which of them holds the classes is not clear.`,
    { place: { file }, remedy: `Name one of them as output in the configuration: ${list}.` },
  );
}

export function severalInputs(names: readonly string[], file: string): ModelError {
  return new ModelError(
    'model/unsupported',
    `The model takes ${names.length} inputs (${names.join(', ')}); Assay can only change one.`,
    { place: { file }, remedy: 'Save a model that takes one input.' },
  );
}

export function wrongInputDtype(name: string, dtype: string, file: string): ModelError {
  return new ModelError(
    'model/unsupported',
    `The input ${name} takes ${dtype} values, for which there is no gradient.`,
    {
      place: { file, field: name },
      remedy: 'Save the model with a float32 input, and cast inside the model.',
    },
  );
}
