/**
 * Kernels of TensorFlow.js whose gradient is right on every engine: each is compared with finite
 * differences by test/engine, in several shapes, strides and paddings. A model that uses others may
 * work; that its gradient is right is then shown only by the check of the model itself.
 */
export const differentiableKernels = [
  // Element by element
  'Abs',
  'Acos',
  'Acosh',
  'Add',
  'AddN',
  'Asin',
  'Asinh',
  'Atan',
  'Atan2',
  'Atanh',
  'Cast',
  'ClipByValue',
  'Cos',
  'Cosh',
  'Elu',
  'Erf',
  'Exp',
  'Expm1',
  'LeakyRelu',
  'Log',
  'Log1p',
  'Maximum',
  'Minimum',
  'Mod',
  'Multiply',
  'Neg',
  'Pow',
  'Prelu',
  'RealDiv',
  'Reciprocal',
  'Relu',
  'Relu6',
  'Rsqrt',
  'Select',
  'Selu',
  'Sigmoid',
  'Sin',
  'Sinh',
  'Softplus',
  'Sqrt',
  'Square',
  'SquaredDifference',
  'Sub',
  'Tan',
  'Tanh',
  // Reductions and normalisation
  'Cumsum',
  'FusedBatchNorm',
  'LRN',
  'Max',
  'Mean',
  'Min',
  'Prod',
  'Softmax',
  'Sum',
  // Products, convolutions and pooling
  'AvgPool',
  'AvgPool3D',
  'BatchMatMul',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv3D',
  'DepthwiseConv2dNative',
  'Dilation2D',
  'Einsum',
  'FusedConv2D',
  'FusedDepthwiseConv2D',
  'MaxPool',
  'MaxPool3D',
  '_FusedMatMul',
  // Moving values about
  'BatchToSpaceND',
  'Concat',
  'DepthToSpace',
  'ExpandDims',
  'GatherNd',
  'GatherV2',
  'MirrorPad',
  'Pack',
  'PadV2',
  'Reshape',
  'ResizeBilinear',
  'ResizeNearestNeighbor',
  'Reverse',
  'ScatterNd',
  'Slice',
  'SpaceToBatchND',
  'SplitV',
  'StridedSlice',
  'Tile',
  'TopK',
  'Transpose',
  'Unpack',
  'UnsortedSegmentSum',
] as const;

export type DifferentiableKernel = (typeof differentiableKernels)[number];

/**
 * Kernels that are constant almost everywhere, so that their gradient is zero: a model whose input
 * passes through nothing else has no gradient that an attack could use.
 */
export const piecewiseConstantKernels = [
  'ArgMax',
  'ArgMin',
  'Ceil',
  'Equal',
  'Floor',
  'FloorDiv',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalNot',
  'LogicalOr',
  'NotEqual',
  'OneHot',
  'OnesLike',
  'Round',
  'Sign',
  'Step',
  'ZerosLike',
] as const;

export type PiecewiseConstantKernel = (typeof piecewiseConstantKernels)[number];

const claimed: ReadonlySet<string> = new Set([
  ...differentiableKernels,
  ...piecewiseConstantKernels,
]);

/** Whether gradients through a kernel of this name are among those that we check. */
export function isClaimed(kernelName: string): boolean {
  return claimed.has(kernelName);
}
