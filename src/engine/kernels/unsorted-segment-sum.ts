import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.ts';
import { readValues } from './values.ts';

interface Inputs {
  /** `[segmentIds' shape …, rest …]` */
  readonly x: tf.Tensor;
  /** int32, a prefix of the shape of `x` */
  readonly segmentIds: tf.Tensor;
}

/**
 * Adds up the rows of `x` that belong to the same segment: `[numSegments, rest …]`. Rows with a
 * negative id are dropped. It is the gradient of a gather. The wasm backend has no such kernel, and
 * the cpu backend's compares every row with every segment.
 */
export const unsortedSegmentSum = composedKernel(
  tf.UnsortedSegmentSum,
  ['wasm', 'cpu'],
  ({ x, segmentIds }: Inputs, { numSegments }: tf.UnsortedSegmentSumAttrs) => {
    const ids = segmentIds.dataSync<'int32'>();
    const restShape = x.shape.slice(segmentIds.rank);
    const rowSize = tf.util.sizeFromShape(restShape);
    const values = readValues(x);
    const sums = new Float32Array(numSegments * rowSize);
    ids.forEach((segment, row) => {
      if (segment < 0 || segment >= numSegments) return;
      const target = segment * rowSize;
      const source = row * rowSize;
      for (let i = 0; i < rowSize; i++) {
        sums[target + i] = (sums[target + i] as number) + (values[source + i] as number);
      }
    });
    return tf.tensor(sums, [numSegments, ...restShape]);
  },
);
