import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** Rows picked along an axis: each row's gradient is added to the row that it was picked from. */
export const gatherGradient = gradient(
  tf.GatherV2,
  { inputs: ['x', 'indices'] },
  (dy: tf.Tensor, [x, indices]: [tf.Tensor, tf.Tensor], { axis, batchDims }: tf.GatherV2Attrs) => ({
    x: () => {
      const along = axis < 0 ? axis + x.rank : axis;
      const sizeOf = (shape: number[]): number => tf.util.sizeFromShape(shape);
      const batch = sizeOf(x.shape.slice(0, batchDims));
      const outer = sizeOf(x.shape.slice(batchDims, along));
      const rows = x.shape[along] as number;
      const inner = sizeOf(x.shape.slice(along + 1));
      const picks = indices.size / batch;

      const picked = tf.transpose(tf.reshape(dy, [batch, outer, picks, inner]), [0, 2, 1, 3]);
      const offsets = tf.reshape(tf.range(0, batch * rows, rows, 'int32'), [batch, 1]);
      const ids = tf.add(tf.reshape(tf.cast(indices, 'int32'), [batch, picks]), offsets);
      const sums = tf.unsortedSegmentSum(
        tf.reshape(picked, [batch * picks, outer * inner]),
        tf.reshape<tf.Rank.R1>(ids, [batch * picks]),
        batch * rows,
      );
      const ordered = tf.transpose(tf.reshape(sums, [batch, rows, outer, inner]), [0, 2, 1, 3]);
      return tf.reshape(ordered, x.shape);
    },
    indices: () => tf.zeros(indices.shape),
  }),
);

/** Values picked by coordinates: each gradient is added where its value was. */
export const gatherNdGradient = gradient(
  tf.GatherNd,
  { inputs: ['params', 'indices'] },
  (dy: tf.Tensor, [params, indices]: [tf.Tensor, tf.Tensor]) => ({
    params: () => tf.scatterND(indices, dy, params.shape),
    indices: () => tf.zeros(indices.shape),
  }),
);

/** The transposition of picking by coordinates. */
export const scatterNdGradient = gradient(
  tf.ScatterNd,
  { inputs: ['indices', 'updates'] },
  (dy: tf.Tensor, [indices, updates]: [tf.Tensor, tf.Tensor]) => ({
    indices: () => tf.zeros(indices.shape),
    updates: () => tf.reshape(tf.gatherND(dy, indices), updates.shape),
  }),
);

/** The k largest values of each row: their gradients go back to their places. */
export const topKGradient = gradient(
  tf.TopK,
  { inputs: ['x'], outputs: [false, true] },
  ([dy]: [tf.Tensor, tf.Tensor], [x, indices]: [tf.Tensor, tf.Tensor]) => ({
    x: () => {
      const columns = x.shape.at(-1) as number;
      const rows = x.size / columns;
      const picks = indices.size / rows;
      const offsets = tf.reshape(tf.range(0, x.size, columns, 'int32'), [rows, 1]);
      const ids = tf.add(tf.reshape(indices, [rows, picks]), offsets);
      const sums = tf.unsortedSegmentSum(
        tf.reshape(dy, [-1]),
        tf.reshape<tf.Rank.R1>(ids, [-1]),
        x.size,
      );
      return tf.reshape(sums, x.shape);
    },
  }),
);
