import { convolutionFilterGradient } from './convolution-filter-gradient.ts';
import { convolutionInputGradient } from './convolution-input-gradient.ts';
import {
  depthwiseFilterGradient,
  depthwiseInputGradient,
} from './depthwise-convolution-gradients.ts';
import type { Kernel } from './kernel.ts';

/** What of the attributes of a convolution decides whether @tensorflow/tfjs-node gets it right. */
interface ConvolutionAttributes {
  readonly pad: unknown;
  readonly dilations?: number | readonly number[];
}

/** tfjs-node has no gradient of a convolution whose padding is given in numbers. */
function hasExplicitPadding({ pad }: ConvolutionAttributes): boolean {
  return typeof pad !== 'string';
}

/** Its gradients of a depthwise convolution overlook dilations, too. */
function isPaddedOrDilated(attributes: ConvolutionAttributes): boolean {
  const { dilations = 1 } = attributes;
  const isDilated = [dilations].flat().some(dilation => dilation !== 1);
  return isDilated || hasExplicitPadding(attributes);
}

/** The gradients of convolutions on TensorFlow's own library: its kernels, and ours where those fail. */
export const tensorflowConvolutionGradients: readonly Kernel[] = [
  mended(convolutionInputGradient, hasExplicitPadding),
  mended(convolutionFilterGradient, hasExplicitPadding),
  mended(depthwiseInputGradient, isPaddedOrDilated),
  mended(depthwiseFilterGradient, isPaddedOrDilated),
];

function mended(kernel: Kernel, isWrong: (attributes: ConvolutionAttributes) => boolean): Kernel {
  return {
    name: kernel.name,
    backends: ['tensorflow'],
    create(stock) {
      const ours = kernel.create(stock);
      return call => {
        const attributes = call.attrs as unknown as ConvolutionAttributes;
        return stock === undefined || isWrong(attributes) ? ours(call) : stock(call);
      };
    },
  };
}
