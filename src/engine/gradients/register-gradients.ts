// The gradients of TensorFlow.js itself are registered by its layers; ours must come after them.
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { eluGradientGradient, leakyReluGradient } from './activation.ts';
import { batchNormalizationGradient } from './batch-normalization.ts';
import { squaredDifferenceGradient, tileGradient } from './broadcasting.ts';
import {
  convolutionFilterGradientGradient,
  convolutionGradient,
  convolutionInputGradientGradient,
  fusedConvolutionGradient,
} from './convolution.ts';
import { cumulativeSumGradient } from './cumulative-sum.ts';
import {
  depthwiseFilterGradientGradient,
  depthwiseGradient,
  depthwiseInputGradientGradient,
  fusedDepthwiseGradient,
} from './depthwise-convolution.ts';
import { einsumGradient } from './einsum.ts';
import { maxGradient, maximumGradient, minGradient, minimumGradient } from './extremum.ts';
import { recordFusedKernels, recordOptionalInputs } from './fused-operations.ts';
import { gatherGradient, gatherNdGradient, scatterNdGradient, topKGradient } from './gathering.ts';
import type { Gradient } from './gradient.ts';
import { fusedMatrixProductGradient } from './matrix-product.ts';
import { mirrorPadGradient } from './mirror-pad.ts';
import { castGradient, stepGradients, logicalNotGradient } from './piecewise-constant.ts';
import { averagePoolGradientGradient, maxPoolGradientGradient } from './pooling.ts';
import { resizeBilinearGradientGradient, resizeNearestGradientGradient } from './resizing.ts';
import { recordSavedOutputs } from './saved-outputs.ts';
import { depthToSpaceGradient, stridedSliceGradient } from './slicing.ts';

const gradients: readonly Gradient[] = [
  averagePoolGradientGradient,
  batchNormalizationGradient,
  castGradient,
  ...stepGradients,
  convolutionFilterGradientGradient,
  convolutionGradient,
  convolutionInputGradientGradient,
  cumulativeSumGradient,
  depthToSpaceGradient,
  depthwiseFilterGradientGradient,
  depthwiseGradient,
  depthwiseInputGradientGradient,
  einsumGradient,
  eluGradientGradient,
  fusedConvolutionGradient,
  fusedDepthwiseGradient,
  fusedMatrixProductGradient,
  gatherGradient,
  gatherNdGradient,
  leakyReluGradient,
  logicalNotGradient,
  maxGradient,
  maximumGradient,
  maxPoolGradientGradient,
  minGradient,
  minimumGradient,
  mirrorPadGradient,
  resizeBilinearGradientGradient,
  resizeNearestGradientGradient,
  scatterNdGradient,
  squaredDifferenceGradient,
  stridedSliceGradient,
  tileGradient,
  topKGradient,
];

let tapeIsMended = false;

/**
 * Puts right what is wrong or missing in the gradients of TensorFlow.js. They belong to the thread,
 * not to a backend; calling it again restores ours after another library has registered its own.
 */
export function registerGradients(): void {
  for (const { config } of gradients) tf.registerGradient(config);
  if (tapeIsMended) return;
  recordSavedOutputs();
  recordFusedKernels();
  recordOptionalInputs();
  tapeIsMended = true;
}
