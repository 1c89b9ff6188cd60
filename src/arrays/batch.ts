/**
 * Equally shaped samples stored one after another in row-major order, as every attack and score
 * takes and returns them. `shape` is that of one sample (`[height, width, channels]` or `[features]`).
 */
export class Batch {
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Numbers in one sample. */
  readonly sampleSize: number;
  /** Number of samples. */
  readonly count: number;

  /** @throws RangeError when the values are not a whole number of samples */
  constructor(values: Float32Array, shape: readonly number[]) {
    this.values = values;
    this.shape = shape;
    this.sampleSize = sizeOf(shape);
    this.count = values.length / this.sampleSize;
    if (!Number.isInteger(this.count)) {
      throw new RangeError(
        `${values.length} values are not a whole number of samples of shape [${shape.join(', ')}]`,
      );
    }
  }

  /** A batch of zeros. */
  static zeros(count: number, shape: readonly number[]): Batch {
    return new Batch(new Float32Array(count * sizeOf(shape)), shape);
  }

  /** Puts batches of the same sample shape one after another. */
  static concat(batches: readonly Batch[], shape: readonly number[]): Batch {
    const total = batches.reduce((sum, batch) => sum + batch.count, 0);
    const result = Batch.zeros(total, shape);
    let offset = 0;
    for (const batch of batches) {
      result.values.set(batch.values, offset);
      offset += batch.values.length;
    }
    return result;
  }

  /** Sample `index` as a view: writing to it writes to the batch. */
  row(index: number): Float32Array {
    return this.values.subarray(index * this.sampleSize, (index + 1) * this.sampleSize);
  }

  /** A copy of the samples at `indices`, in that order. */
  gather(indices: readonly number[]): Batch {
    const result = Batch.zeros(indices.length, this.shape);
    indices.forEach((source, target) => result.row(target).set(this.row(source)));
    return result;
  }

  /** A copy of samples `start` to `end` (exclusive). */
  slice(start: number, end: number): Batch {
    return new Batch(this.values.slice(start * this.sampleSize, end * this.sampleSize), this.shape);
  }

  /** A deep copy. */
  clone(): Batch {
    return new Batch(this.values.slice(), this.shape);
  }
}

/** Number of values in a tensor of this shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
