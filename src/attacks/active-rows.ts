/**
 * Attacks keep the state of all their samples in place, and a list of the rows that they still work
 * on. A sample that is done leaves the list and the model never sees it again; since samples are
 * independent, the others do not notice.
 */

import { Batch } from '../arrays/batch.ts';

/** Every row of a batch of `count` samples. */
export function allRows(count: number): readonly number[] {
  return Array.from({ length: count }, (_, row) => row);
}

/**
 * Copies the samples at `rows` to the front of `scratch` and returns a view of them. No memory is
 * taken; the view is good until the next gathering.
 *
 * @param scratch at least as many samples of the same shape
 */
export function gatherInto(scratch: Batch, source: Batch, rows: readonly number[]): Batch {
  rows.forEach((row, position) => scratch.row(position).set(source.row(row)));
  return firstRows(scratch, rows.length);
}

/** A view of the first `count` samples. */
export function firstRows(batch: Batch, count: number): Batch {
  return new Batch(batch.values.subarray(0, count * batch.sampleSize), batch.shape);
}
