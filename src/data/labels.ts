import type { NumpyValues } from '../numpy/dtype.ts';
import { DataError } from './data-error.ts';
import type { SamplePlace } from './input-mapping.ts';
import { counted } from '../wording/counted.ts';

/**
 * Reads labels from an array: class indices `[samples]` or `[samples, 1]`, or one-hot vectors
 * `[samples, classes]`.
 *
 * @throws DataError `data/label-invalid`, `data/label-out-of-range`, `data/shape-mismatch`
 */
export function labelsFromArray(
  values: NumpyValues,
  shape: readonly number[],
  classCount: number,
  placeOf: SamplePlace,
): Int32Array {
  const [count = 1, ...rest] = shape;
  const width = rest.reduce((product, length) => product * length, 1);
  if (width === 1)
    return Int32Array.from(values, (value, i) => classIndex(value, classCount, placeOf(i)));
  if (rest.length === 1 && width === classCount) {
    return Int32Array.from({ length: count }, (_, i) =>
      oneHotIndex(values.subarray(i * width, (i + 1) * width), placeOf(i)),
    );
  }
  const { file } = placeOf(0);
  throw new DataError(
    'data/shape-mismatch',
    `The labels have shape [${shape.join(', ')}]; a model of ${classCount} classes needs [${count}] class indices or [${count}, ${classCount}] one-hot vectors.`,
    { place: { file }, remedy: 'Choose the array of labels that belongs to the model.' },
  );
}

/**
 * Reads labels from class names or class indices written out. A name of the configuration wins over
 * a number; without names in the configuration, names are classes in alphabetical order.
 *
 * @param texts the label of each sample
 * @throws DataError `data/class-unknown`, `data/class-count-mismatch`, `data/label-out-of-range`
 */
export function labelsFromNames(
  texts: readonly string[],
  classNames: readonly string[] | undefined,
  classCount: number,
  placeOf: SamplePlace,
): Int32Array {
  const classOf = classIndices(new Set(texts), classNames, classCount, placeOf(0).file);
  return Int32Array.from(texts, (text, i) => {
    const label = classOf.get(text);
    if (label === undefined) throw unknownClass(text, classNames ?? [], placeOf(i));
    return classIndex(label, classCount, placeOf(i));
  });
}

/** The class index of each distinct label; a label that is no class has none. */
function classIndices(
  distinct: ReadonlySet<string>,
  classNames: readonly string[] | undefined,
  classCount: number,
  file: string,
): ReadonlyMap<string, number> {
  const named = new Map(classNames?.map((name, i) => [name, i]));
  if ([...distinct].every(text => !named.has(text) && isWholeNumber(text))) {
    return new Map([...distinct].map(text => [text, Number(text)]));
  }
  if (classNames !== undefined) return named;

  // By code units, as Python sorts, so that the order is the one of Keras.
  const sorted = [...distinct].sort((a, b) => (a < b ? -1 : 1));
  if (sorted.length === classCount) return new Map(sorted.map((name, i) => [name, i]));
  throw new DataError(
    'data/class-count-mismatch',
    `The data have ${counted(sorted.length, 'class', 'classes')} (${listed(sorted)}), but the model has ${classCount}.`,
    { place: { file }, remedy: 'Name the classes in the order of the model in "classNames".' },
  );
}

function isWholeNumber(text: string): boolean {
  return /^\s*-?\d+(\.0*)?\s*$/.test(text);
}

function classIndex(value: number, classCount: number, place: ReturnType<SamplePlace>): number {
  if (!Number.isInteger(value)) {
    throw new DataError('data/label-invalid', `The label is ${value}, which is no class index.`, {
      place,
      remedy: 'Store labels as whole numbers from 0.',
    });
  }
  if (value >= 0 && value < classCount) return value;
  throw new DataError(
    'data/label-out-of-range',
    `The label is ${value}, but the model has ${classCount} classes, 0 to ${classCount - 1}.`,
    { place, remedy: 'Check that the labels belong to this model and count from 0.' },
  );
}

function oneHotIndex(vector: NumpyValues, place: ReturnType<SamplePlace>): number {
  const label = vector.indexOf(1);
  if (label >= 0 && vector.every((value, i) => value === Number(i === label))) return label;
  throw new DataError(
    'data/label-invalid',
    'The label is no one-hot vector: it must hold a single 1, and 0 elsewhere.',
    { place, remedy: 'Store one-hot vectors or class indices.' },
  );
}

function unknownClass(
  name: string,
  classNames: readonly string[],
  place: ReturnType<SamplePlace>,
): DataError {
  return new DataError(
    'data/class-unknown',
    `The label "${name}" is no class of the configuration.`,
    {
      place,
      remedy: `Correct it, or add it to "classNames": ${listed(classNames)}.`,
    },
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
