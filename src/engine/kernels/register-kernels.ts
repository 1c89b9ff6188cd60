import * as tf from '@tensorflow/tfjs-core';
import { averagePool3dGradient, averagePoolGradient } from './average-pool-gradient.ts';
import { batchNormalization } from './batch-normalization.ts';
import { comparisons, logicalAnd, select } from './conditions.ts';
import {
  convolution3dFilterGradient,
  convolution3dInputGradient,
} from './convolution-3d-gradients.ts';
import { convolutionFilterGradient } from './convolution-filter-gradient.ts';
import { convolutionInputGradient } from './convolution-input-gradient.ts';
import {
  depthwiseFilterGradient,
  depthwiseInputGradient,
} from './depthwise-convolution-gradients.ts';
import { dilation2d, dilation2dFilterGradient, dilation2dInputGradient } from './dilation-2d.ts';
import { einsum } from './einsum.ts';
import { identity } from './identity.ts';
import type { BackendName, Kernel } from './kernel.ts';
import { fusedMatrixProduct, matrixProduct } from './matrix-product.ts';
import { maxPool3d, maxPool3dGradient, maxPoolGradient, maxPoolWithArgmax } from './max-pool.ts';
import { depthToSpace, reverse, slice, tile, transpose } from './rearrangements.ts';
import { resizeBilinearGradient, resizeNearestNeighborGradient } from './resize-gradient.ts';
import { tensorflowConvolutionGradients } from './tensorflow-convolutions.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';

const kernels: readonly Kernel[] = [
  averagePool3dGradient,
  averagePoolGradient,
  batchNormalization,
  ...comparisons,
  convolution3dFilterGradient,
  convolution3dInputGradient,
  convolutionFilterGradient,
  convolutionInputGradient,
  depthToSpace,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  dilation2d,
  dilation2dFilterGradient,
  dilation2dInputGradient,
  einsum,
  identity,
  fusedMatrixProduct,
  logicalAnd,
  matrixProduct,
  maxPool3d,
  maxPool3dGradient,
  maxPoolGradient,
  maxPoolWithArgmax,
  resizeBilinearGradient,
  resizeNearestNeighborGradient,
  reverse,
  select,
  slice,
  tile,
  transpose,
  unsortedSegmentSum,
  ...tensorflowConvolutionGradients,
];

/**
 * Puts our kernels in the place of those of a backend that are wrong, missing or slow, after the
 * backend has started; and again after a library has put back its own.
 */
export function registerKernels(backendName: BackendName): void {
  for (const kernel of kernels) {
    if (!kernel.backends.includes(backendName)) continue;
    const stock = stockKernel(kernel.name, backendName);
    if (stock !== undefined) tf.unregisterKernel(kernel.name, backendName);
    tf.registerKernel({
      kernelName: kernel.name,
      backendName,
      kernelFunc: kernel.create(stock),
    });
  }
}

function stockKernel(kernelName: string, backendName: string): tf.KernelFunc | undefined {
  // The declared type leaves out that a kernel may be missing.
  const config = tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined;
  return config?.kernelFunc;
}
