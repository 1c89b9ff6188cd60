import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** Picking every n-th value: the gradient puts the values back, with zeros between. */
export const stridedSliceGradient = gradient(
  tf.StridedSlice,
  { inputs: ['x'] },
  (dy: tf.Tensor, [x]: [tf.Tensor], attributes: tf.StridedSliceAttrs) => ({
    x: () => {
      const { begin, end, strides, beginMask, endMask } = attributes;
      const { ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
      const info = tf.slice_util.sliceInfo(
        x.shape,
        begin,
        end,
        strides,
        beginMask,
        endMask,
        ellipsisMask,
        newAxisMask,
        shrinkAxisMask,
      );
      // The shape before axes are inserted or taken away.
      const picked = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
      const sparse = tf.reshape(dy, picked);
      if (sparse.size === 0) return tf.zeros(x.shape);
      return x.shape.reduce<tf.Tensor>(
        (gradient, size, axis) =>
          putBack(gradient, axis, size, info.begin[axis] ?? 0, info.strides[axis] ?? 1),
        sparse,
      );
    },
  }),
);

/** Along one axis, puts value i at `begin + i · stride` of `size` places. */
function putBack(
  values: tf.Tensor,
  axis: number,
  size: number,
  begin: number,
  stride: number,
): tf.Tensor {
  const count = values.shape[axis] as number;
  if (stride < 0) {
    const first = begin + (count - 1) * stride;
    return putBack(tf.reverse(values, axis), axis, size, first, -stride);
  }
  const outer = tf.util.sizeFromShape(values.shape.slice(0, axis));
  const innerShape = values.shape.slice(axis + 1);
  const inner = tf.util.sizeFromShape(innerShape);
  const spread = tf.pad(tf.reshape(values, [outer, count, 1, inner]), [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  const reach = (count - 1) * stride + 1;
  const tight = tf.slice(
    tf.reshape(spread, [outer, count * stride, inner]),
    [0, 0, 0],
    [outer, reach, inner],
  );
  const placed = tf.pad(tight, [
    [0, 0],
    [begin, size - begin - reach],
    [0, 0],
  ]);
  return tf.reshape(placed, [...values.shape.slice(0, axis), size, ...innerShape]);
}

/** Moving channels into space is a permutation; the gradient moves them back. */
export const depthToSpaceGradient = gradient(
  tf.DepthToSpace,
  { inputs: ['x'] },
  (dy: tf.Tensor4D, [x]: [tf.Tensor4D], { blockSize, dataFormat }: tf.DepthToSpaceAttrs) => ({
    x: () => {
      if (dataFormat === 'NCHW') {
        const [batch, depth, height, width] = x.shape;
        const channels = depth / blockSize ** 2;
        const split = tf.reshape(dy, [batch, channels, height, blockSize, width, blockSize]);
        return tf.reshape(tf.transpose(split, [0, 3, 5, 1, 2, 4]), x.shape);
      }
      const [batch, height, width, depth] = x.shape;
      const channels = depth / blockSize ** 2;
      const split = tf.reshape(dy, [batch, height, blockSize, width, blockSize, channels]);
      return tf.reshape(tf.transpose(split, [0, 1, 3, 2, 4, 5]), x.shape);
    },
  }),
);
