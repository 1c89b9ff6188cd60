import { Batch } from '../arrays/batch.ts';
import type { NumpyValues } from '../numpy/dtype.ts';
import { DataError } from './data-error.ts';
import type { InputLayout } from './samples.ts';
import type { Range, StoredInputs } from './stored-inputs.ts';

/** Names a sample of a data set in messages. */
export type SamplePlace = (index: number) => {
  readonly file: string;
  readonly sample?: number | string;
  readonly line?: number;
};

/**
 * Brings stored values into input units: linearly from the stored range onto the bounds, or as they
 * are when there is no such range. Computed in float64 and rounded once.
 *
 * @param indices indices of the samples in the data set, for messages
 * @throws DataError `data/not-a-number`, `data/out-of-bounds`
 */
export function mapInputs(
  values: NumpyValues,
  stored: StoredInputs,
  layout: InputLayout,
  indices: readonly number[],
  placeOf: SamplePlace,
): Batch {
  const batch = Batch.zeros(indices.length, layout.shape);
  const from = layout.storedRange ?? stored.suggestedRange;
  const [lower, upper] = layout.bounds;
  // Bounds as float32 has them, since the inputs are float32.
  const [lowest, highest] = [Math.fround(lower), Math.fround(upper)];
  const map = from === undefined ? (value: number) => value : linearMap(from, layout.bounds);
  for (let i = 0; i < values.length; i++) {
    const value = Math.fround(map(values[i] as number));
    if (!(value >= lowest && value <= highest)) {
      const sample = indices[Math.floor(i / batch.sampleSize)] as number;
      throw wrongValue(
        values[i] as number,
        value,
        layout,
        from,
        i % batch.sampleSize,
        placeOf(sample),
      );
    }
    batch.values[i] = value;
  }
  return batch;
}

function linearMap(
  [fromLower, fromUpper]: Range,
  [toLower, toUpper]: Range,
): (x: number) => number {
  const width = fromUpper - fromLower;
  return value => {
    const share = (value - fromLower) / width;
    // In this form both ends are reached exactly.
    return toLower * (1 - share) + toUpper * share;
  };
}

function wrongValue(
  stored: number,
  mapped: number,
  layout: InputLayout,
  from: Range | undefined,
  position: number,
  place: ReturnType<SamplePlace>,
): DataError {
  if (!Number.isFinite(stored)) {
    return new DataError('data/not-a-number', `The value at position ${position} is ${stored}.`, {
      place,
      remedy: 'Remove the sample or replace the value.',
    });
  }
  const became = mapped === stored ? '' : `, which becomes ${mapped}`;
  const [lower, upper] = layout.bounds;
  return new DataError(
    'data/out-of-bounds',
    `The value at position ${position} is ${stored}${became}: it lies outside the bounds ${lower} to ${upper}.`,
    {
      place,
      remedy:
        from === undefined
          ? 'Correct "input.bounds", or give "data.storedRange" when the values have another range.'
          : 'Correct "data.storedRange" in the configuration.',
    },
  );
}
