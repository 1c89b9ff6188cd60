import { Batch } from '../arrays/batch.ts';

/**
 * How input units become network units: (x − offset) / scale, with one number for all pixels of an
 * image or one for each column of a table.
 */
export interface DataScale {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
  /** Lowest and highest value of an input; what a manifold makes stays inside. */
  readonly bounds: { readonly lower: number; readonly upper: number };
}

/** Smallest deviation of a column that is taken for more than rounding. */
const smallestDeviation = 1e-6;

/** The scale of images: the bounds become [0, 1]. */
export function imageScale(bounds: DataScale['bounds']): DataScale {
  return { offset: [bounds.lower], scale: [bounds.upper - bounds.lower], bounds };
}

/** The scale of a table: each column gets mean 0 and deviation 1 over the given rows. */
export function tableScale(rows: Batch, bounds: DataScale['bounds']): DataScale {
  const columns = Array.from({ length: rows.sampleSize }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < rows.count; row++) sum += rows.row(row)[column] as number;
    const mean = sum / rows.count;
    let squares = 0;
    for (let row = 0; row < rows.count; row++) {
      squares += ((rows.row(row)[column] as number) - mean) ** 2;
    }
    const deviation = Math.sqrt(squares / rows.count);
    // A constant column stays where it is.
    return { mean, deviation: deviation < smallestDeviation ? 1 : deviation };
  });
  return {
    offset: columns.map(({ mean }) => mean),
    scale: columns.map(({ deviation }) => deviation),
    bounds,
  };
}

/** Inputs in network units, with the shape that the networks know. */
export function toNetworkUnits(inputs: Batch, scale: DataScale, shape: readonly number[]): Batch {
  const { offset, scale: width } = scale;
  const count = offset.length;
  return new Batch(
    inputs.values.map((value, i) => (value - (offset[i % count] ?? 0)) / (width[i % count] ?? 1)),
    shape,
  );
}
