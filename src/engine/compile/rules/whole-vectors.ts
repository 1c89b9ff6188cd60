/**
 * A sample's bits must not depend on the batch that it is in. ONNX Runtime computes some operators
 * four numbers at a time and what is left over one by one, with other instructions that round
 * differently; sums of rows begin at addresses that are multiples of four numbers. Here tensors are
 * padded so that nothing is left over and every row begins alike. Only batches of one sample and
 * rows of odd lengths need it.
 */

import { sizeOf } from '../../../arrays/batch.ts';
import type { GraphBuilder } from '../graph-builder.ts';

const vectorLength = 4;

/** Numbers that are missing to the next multiple of the vector length. */
function missing(count: number): number {
  return (vectorLength - (count % vectorLength)) % vectorLength;
}

/**
 * Applies an operator that works number by number to whole vectors.
 *
 * @param shape shape of `x`, the batch axis first
 */
export function onWholeVectors(
  graph: GraphBuilder,
  x: string,
  shape: readonly number[],
  build: (x: string) => string,
): string {
  return shape.length === 0 || missing(sizeOf(shape)) === 0
    ? build(x)
    : onSeveralRows(graph, x, shape, build);
}

/** Applies an operator that works row by row to a multiple of four rows. */
export function onSeveralRows(
  graph: GraphBuilder,
  x: string,
  shape: readonly number[],
  build: (x: string) => string,
): string {
  const [rows = 1] = shape;
  if (missing(rows) === 0) return build(x);
  const after = shape.map((_, axis) => (axis === 0 ? missing(rows) : 0));
  const padded = graph.padWithZeros(
    x,
    shape.map(() => 0),
    after,
  );
  return graph.slice(build(padded), [0], [rows], [0]);
}

/** Pads the last axis of `x` with zeros to a multiple of the vector length. */
export function withWholeRows(graph: GraphBuilder, x: string, shape: readonly number[]): string {
  const last = shape.length - 1;
  return graph.padWithZeros(
    x,
    shape.map(() => 0),
    shape.map((length, axis) => (axis === last ? missing(length) : 0)),
  );
}
