import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';
import { isOnHeap } from './values.ts';
import { copyView, rowMajorAxes, type StridedView, type ViewAxis } from './strided-view.ts';

interface Rearrangement {
  readonly shape: readonly number[];
  readonly view: StridedView;
}

/**
 * A kernel that moves values about. Those of the wasm backend compute the place of every single value
 * from its index, or copy in the smallest runs, which takes up to fifty times as long.
 */
function rearrangement(
  name: string,
  arrange: (shape: readonly number[], attributes: never) => Rearrangement,
): Kernel {
  return {
    name,
    backends: ['wasm'],
    create: stock => parameters => {
      const { x } = parameters.inputs as { x: tf.TensorInfo };
      // Strings and complex numbers are not on the heap.
      if (stock !== undefined && !isOnHeap(x)) return stock(parameters);
      const { shape, view } = arrange(x.shape, parameters.attrs as never);
      return copyView(x, view, shape);
    },
  };
}

/** Repetition: each axis is preceded by one along which nothing moves. */
export const tile = rearrangement(tf.Tile, (shape, { reps }: tf.TileAttrs) => ({
  shape: shape.map((length, axis) => length * (reps[axis] ?? 1)),
  view: {
    offset: 0,
    axes: rowMajorAxes(shape).flatMap((axis, index) => [
      { length: reps[index] ?? 1, stride: 0 },
      axis,
    ]),
  },
}));

export const reverse = rearrangement(tf.Reverse, (shape, { dims }: tf.ReverseAttrs) => {
  const turned = new Set(tf.util.parseAxisParam(dims, [...shape]));
  let offset = 0;
  const axes = rowMajorAxes(shape).map((axis, index) => {
    if (!turned.has(index)) return axis;
    offset += axis.stride * (axis.length - 1);
    return { length: axis.length, stride: -axis.stride };
  });
  return { shape, view: { offset, axes } };
});

export const slice = rearrangement(tf.Slice, (shape, { begin, size }: tf.SliceAttrs) => {
  const [starts, lengths] = tf.slice_util.parseSliceParams(
    { shape: [...shape], dtype: 'float32', dataId: {} },
    begin,
    size,
  ) as [number[], number[]];
  const inputAxes = rowMajorAxes(shape);
  return {
    shape: lengths,
    view: {
      offset: inputAxes.reduce((sum, { stride }, axis) => sum + stride * (starts[axis] ?? 0), 0),
      axes: inputAxes.map(({ stride }, axis) => ({ length: lengths[axis] ?? 0, stride })),
    },
  };
});

/** Channels dealt out over blocks of pixels, in images whose channels come last. */
export const depthToSpace = rearrangement(
  tf.DepthToSpace,
  (
    [batch = 0, height = 0, width = 0, depth = 0],
    { blockSize, dataFormat }: tf.DepthToSpaceAttrs,
  ) => {
    if (dataFormat !== 'NHWC') throw new Error('Blocks of pixels are made in NHWC.');
    const channels = depth / blockSize ** 2;
    const split = [batch, height, width, blockSize, blockSize, channels];
    return {
      shape: [batch, height * blockSize, width * blockSize, channels],
      view: { offset: 0, axes: permuted(rowMajorAxes(split), [0, 1, 3, 2, 4, 5]) },
    };
  },
);

/** Exchange of axes. Up to four the wasm backend is fast enough by itself. */
export const transpose: Kernel = {
  name: tf.Transpose,
  backends: ['wasm'],
  create(stock) {
    if (stock === undefined) throw new Error('The wasm backend has no exchange of axes.');
    const ours = rearrangement(tf.Transpose, (shape, { perm }: tf.TransposeAttrs) => ({
      shape: perm.map(axis => shape[axis] ?? 0),
      view: { offset: 0, axes: permuted(rowMajorAxes(shape), perm) },
    })).create(stock);
    return parameters => {
      const { perm } = parameters.attrs as unknown as tf.TransposeAttrs;
      return perm.length > 4 ? ours(parameters) : stock(parameters);
    };
  },
};

function permuted(axes: readonly ViewAxis[], permutation: readonly number[]): ViewAxis[] {
  return permutation.map(axis => axes[axis] as ViewAxis);
}
