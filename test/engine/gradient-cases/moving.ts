import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, gradientCase } from './gradient-case.ts';

const sizes = [
  [
    [6, 6],
    [12, 12],
  ],
  [
    [3, 3],
    [4, 5],
  ],
  [
    [6, 5],
    [3, 4],
  ],
  [
    [4, 7],
    [9, 3],
  ],
] as const;

const conventions = [
  ['plain', false, false],
  ['corners aligned', true, false],
  ['half-pixel centres', false, true],
] as const;

function resizing(
  resize: (
    x: tf.Tensor4D,
    size: [number, number],
    alignCorners: boolean,
    halfPixelCenters: boolean,
  ) => tf.Tensor,
): GradientCase[] {
  return conventions.flatMap(([convention, alignCorners, halfPixelCenters]) =>
    sizes.map(([from, to]) =>
      gradientCase(
        `${from.join('×')} to ${to.join('×')}, ${convention}`,
        [[2, ...from, 2]],
        (x: tf.Tensor4D) => resize(x, [...to], alignCorners, halfPixelCenters),
      ),
    ),
  );
}

export const movingCases = {
  BatchToSpaceND: [
    gradientCase('cropped', [[4, 3, 3, 2]], (x: tf.Tensor) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ),
  ],
  Concat: [
    gradientCase(
      'columns',
      [
        [2, 4],
        [2, 3],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.concat([a, b], 1),
    ),
  ],
  DepthToSpace: [
    gradientCase('blocks of 2', [[2, 3, 2, 8]], (x: tf.Tensor4D) => tf.depthToSpace(x, 2)),
  ],
  ExpandDims: [
    gradientCase('middle', [[3, 4]], (x: tf.Tensor) => tf.mul(tf.expandDims(x, 1), [[1], [2]])),
  ],
  GatherNd: [
    gradientCase('values, one of them twice', [[3, 4]], (x: tf.Tensor) =>
      tf.gatherND(x, tf.tensor2d([0, 1, 2, 2, 0, 1], [3, 2], 'int32')),
    ),
    gradientCase('rows', [[3, 4]], (x: tf.Tensor) =>
      tf.gatherND(x, tf.tensor2d([2, 0, 2], [3, 1], 'int32')),
    ),
  ],
  GatherV2: [
    gradientCase('rows, one of them twice', [[6, 4]], (x: tf.Tensor) =>
      tf.gather(x, tf.tensor1d([1, 0, 1, 3], 'int32')),
    ),
    gradientCase('columns by a matrix', [[3, 4, 2]], (x: tf.Tensor) =>
      tf.gather(x, tf.tensor2d([1, 0, 1, 3, 2, 2], [3, 2], 'int32'), 1),
    ),
    gradientCase('of each sample its own', [[2, 4, 3]], (x: tf.Tensor) =>
      tf.gather(x, tf.tensor2d([1, 0, 3, 3], [2, 2], 'int32'), 1, 1),
    ),
  ],
  MirrorPad: [
    gradientCase('reflect', [[2, 4, 5, 1]], (x: tf.Tensor) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 2],
          [3, 0],
          [0, 0],
        ],
        'reflect',
      ),
    ),
    gradientCase('symmetric', [[2, 4, 5, 1]], (x: tf.Tensor) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 4],
          [2, 3],
          [0, 0],
        ],
        'symmetric',
      ),
    ),
  ],
  Pack: [
    gradientCase(
      'along the second axis',
      [
        [2, 3],
        [2, 3],
      ],
      (a: tf.Tensor, b: tf.Tensor) => tf.stack([a, b], 1),
    ),
  ],
  PadV2: [
    gradientCase('with a constant', [[3, 4]], (x: tf.Tensor) =>
      tf.pad(
        x,
        [
          [1, 0],
          [2, 3],
        ],
        0.5,
      ),
    ),
  ],
  Reshape: [gradientCase('to rows', [[2, 3, 4]], (x: tf.Tensor) => tf.reshape(x, [2, 12]))],
  ResizeBilinear: resizing((x, size, alignCorners, halfPixelCenters) =>
    tf.image.resizeBilinear(x, size, alignCorners, halfPixelCenters),
  ),
  ResizeNearestNeighbor: resizing((x, size, alignCorners, halfPixelCenters) =>
    tf.image.resizeNearestNeighbor(x, size, alignCorners, halfPixelCenters),
  ),
  Reverse: [gradientCase('two axes', [[2, 3, 4]], (x: tf.Tensor) => tf.reverse(x, [0, 2]))],
  ScatterNd: [
    gradientCase('rows, two onto one', [[3, 4]], (x: tf.Tensor) =>
      tf.scatterND(tf.tensor2d([0, 2, 0], [3, 1], 'int32'), x, [5, 4]),
    ),
  ],
  Slice: [gradientCase('a corner', [[4, 5]], (x: tf.Tensor) => tf.slice(x, [1, 2], [2, 2]))],
  SpaceToBatchND: [
    gradientCase('padded', [[1, 5, 6, 2]], (x: tf.Tensor) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 0],
        ],
      ),
    ),
  ],
  SplitV: [
    gradientCase('one part of three', [[2, 7]], (x: tf.Tensor) => {
      const [first, , third] = tf.split(x, [2, 2, 3], 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.concat([third, first], 1);
    }),
  ],
  StridedSlice: [
    gradientCase('every other', [[6, 7]], (x: tf.Tensor) =>
      tf.stridedSlice(x, [0, 1], [6, 7], [2, 3]),
    ),
    gradientCase('backwards', [[6, 7]], (x: tf.Tensor) =>
      tf.stridedSlice(x, [4, 6], [0, 0], [-2, -1]),
    ),
    gradientCase('one axis taken away', [[4, 5, 3]], (x: tf.Tensor) =>
      tf.stridedSlice(x, [0, 2, 1], [4, 3, 3], [1, 1, 1], 0, 0, 0, 0, 2),
    ),
    gradientCase('an axis put in, open ends', [[4, 5]], (x: tf.Tensor) =>
      tf.stridedSlice(x, [0, 0, 1], [0, 0, 0], [2, 1, 2], 1, 5, 0, 2, 0),
    ),
  ],
  Tile: [
    gradientCase('a matrix', [[2, 3]], (x: tf.Tensor) => tf.tile(x, [2, 3])),
    gradientCase('five axes', [[1, 2, 1, 2, 1]], (x: tf.Tensor) => tf.tile(x, [2, 1, 3, 2, 2])),
  ],
  TopK: [
    gradientCase('three of eight', [[3, 8]], (x: tf.Tensor) => tf.topk(x, 3).values),
    gradientCase('of a vector', [[8]], (x: tf.Tensor) => tf.topk(x, 2).values),
  ],
  Transpose: [
    gradientCase('three axes', [[2, 3, 4]], (x: tf.Tensor) => tf.transpose(x, [2, 0, 1])),
    gradientCase('four axes', [[2, 3, 4, 2]], (x: tf.Tensor) => tf.transpose(x, [3, 1, 0, 2])),
  ],
  Unpack: [
    gradientCase('rows', [[3, 4]], (x: tf.Tensor) => {
      const [first, , third] = tf.unstack(x) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.mul(first, third);
    }),
  ],
  UnsortedSegmentSum: [
    gradientCase('one row dropped', [[5, 3]], (x: tf.Tensor) =>
      tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1, -1, 3], 'int32'), 4),
    ),
  ],
};
