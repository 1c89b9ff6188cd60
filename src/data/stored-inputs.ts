import type { NumpyDtype, NumpyValues } from '../numpy/dtype.ts';
import type { NumpyArray } from '../numpy/numpy-array.ts';

/** Lowest and highest value. */
export type Range = readonly [lower: number, upper: number];

/** Inputs as they are stored, before they are brought into the bounds. */
export interface StoredInputs {
  readonly count: number;
  /** Shape of one stored sample; equal to that of an input up to axes of length 1 and flattening. */
  readonly shape: readonly number[];
  /** Range that the type of the values suggests; `undefined` when they are input units already. */
  readonly suggestedRange: Range | undefined;
  /** Reads samples in the order of the indices. */
  read(indices: readonly number[]): Promise<NumpyValues>;
}

/** The rows of an array as inputs. */
export function arrayInputs(array: NumpyArray): StoredInputs {
  return {
    count: array.rowCount,
    shape: array.shape.slice(1),
    suggestedRange: suggestedRange(array.dtype),
    read: indices => array.gatherRows(indices),
  };
}

/** 8-bit data are pictures, with black 0 and white 255; other numbers mean what they are. */
function suggestedRange(dtype: NumpyDtype): Range | undefined {
  if (dtype === 'uint8') return [0, 255];
  if (dtype === 'bool') return [0, 1];
  return undefined;
}
